import type { Mode } from "./command.ts";
import type { Module } from "./module.ts";
import type { Surroundings } from "./surroundings.ts";

/** Makes a module of a process. */
export type Make = (surroundings: Surroundings) => Module;

/** A bundled module and where it is written: `NAME-module.ts` exports `NAMEModule`. */
export type Source = Readonly<{
  name: string;
  url: URL;
  /** Gives it as its file was when the process first asked. */
  load(): Promise<Make>;
}>;

const at = (name: string) => ({ name, url: new URL(`./${name}-module.ts`, import.meta.url) });

const api: Source = { ...at("api"), load: async () => (await import("./api-module.ts")).apiModule };
const worker: Source = { ...at("worker"), load: async () => (await import("./worker-module.ts")).workerModule };
const health: Source = { ...at("health"), load: async () => (await import("./health-module.ts")).healthModule };

/** Each depends on the one before it: who takes requests comes last and stops first. */
export const bundled = {
  api: [api],
  worker: [health, worker],
  "all-in-one": [worker, api],
} as const satisfies Record<Mode, readonly Source[]>;

/**
 * Whether a file is part of modules alone, and goes with them when another copy takes over; whatever else there is, belongs to the
 * process. Shape: `api/app.ts`, relative to the folder of the services.
 */
export function isReplaceable(file: string): boolean {
  return /^(?:(?:api|worker|tasks)\/.*|modules\/[a-z-]+-module)\.[jt]s$/.test(file);
}

/** Finds what a module's file exports. Errors: throws when it does not export what its name says. */
export function makeOf(exports: Readonly<Record<string, unknown>>, name: string): Make {
  const make = exports[`${name}Module`];
  if (typeof make !== "function") throw new Error(`modules/${name}-module.ts must export ${name}Module`);
  return make as Make;
}

/** Makes each depend on the one before it. */
export function inLine(modules: readonly Module[]): readonly Module[] {
  return modules.map((module, index) => ({ ...module, dependsOn: modules.slice(index - 1, index).map(nameOf) }));
}

const nameOf = ({ name }: Module): string => name;
