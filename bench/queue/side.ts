import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RuntimeName } from "../../test/support/root.ts";

const script = fileURLToPath(new URL("program.ts", import.meta.url));
const binary = (name: RuntimeName) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
const flags = { bun: ["run"], deno: ["run", "-A", "--quiet", "--node-modules-dir=manual"] } as const;

/** What one side is to do; see `program.ts`. */
export type SideOrder = Readonly<{ role: string; url: string; count: number; atOnce: number }>;

/** Units: milliseconds since 1970. */
export type Span = Readonly<{ began: number; ended: number }>;

/** Starts the sides, has them begin together once all are ready, and gives what they took. */
export async function runSides(runtime: RuntimeName, orders: readonly SideOrder[]): Promise<readonly Span[]> {
  const sides = await Promise.all(orders.map((order) => startSide(runtime, order)));
  for (const { child } of sides) child.stdin?.write("go\n");
  return Promise.all(sides.map(({ next }) => next() as Promise<Span>));
}

type Side = Readonly<{ child: ChildProcess; next: () => Promise<unknown> }>;

async function startSide(runtime: RuntimeName, { role, url, count, atOnce }: SideOrder): Promise<Side> {
  const args = [...flags[runtime], script, role, url, `${count}`, `${atOnce}`];
  const child = spawn(binary(runtime), args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await Promise.race([lines.next(), once(child, "exit").then(() => null)]);
    if (!line || line.done) throw new Error(`${role} ended before it was done`);
    return JSON.parse(line.value);
  };
  await next();
  return { child, next };
}
