import type { Mode } from "./command.ts";
import type { Module } from "./module.ts";
import type { Surroundings } from "./surroundings.ts";

/** Makes a module of a process. */
export type Make = (surroundings: Surroundings) => Module;

/** A bundled module: `NAME-module.ts` exports `NAMEModule`. */
export type Source = Readonly<{ name: string; load(): Promise<Make> }>;

const api: Source = { name: "api", load: async () => (await import("./api-module.ts")).apiModule };
const worker: Source = { name: "worker", load: async () => (await import("./worker-module.ts")).workerModule };
const health: Source = { name: "health", load: async () => (await import("./health-module.ts")).healthModule };

/** Each depends on the one before it: who takes requests comes last and stops first. */
export const bundled = {
  api: [api],
  worker: [health, worker],
  "all-in-one": [worker, api],
} as const satisfies Record<Mode, readonly Source[]>;

/** Makes each depend on the one before it. */
export function inLine(modules: readonly Module[]): readonly Module[] {
  return modules.map((module, index) => ({ ...module, dependsOn: modules.slice(index - 1, index).map(nameOf) }));
}

const nameOf = ({ name }: Module): string => name;
