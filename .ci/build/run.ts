import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

export const project: string = join(import.meta.dirname, "../..");

/** What was built, or why not: the last lines of whoever refused. */
export type Built = Readonly<{ ok: true; path: string } | { ok: false; message: string }>;

const LIMIT_MS = 300_000;
const TOLD_LINES = 6;
const PATH = `${join(project, "node_modules/.bin")}${delimiter}${process.env.PATH}`;

/** Runs a program of the project's own or of the machine to its end. Null when it went well; else the end of what it said. */
export function refusalOf(argv: readonly [string, ...string[]], cwd = project): string | null {
  const [program, ...args] = argv;
  const env = { ...process.env, PATH, NO_COLOR: "1" };
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: "utf8", timeout: LIMIT_MS });
  if (status === 0) return null;
  const said = `${stdout ?? ""}${stderr ?? ""}`.trim().split("\n").slice(-TOLD_LINES).join("\n    ");
  return error?.message ?? (said || `${program} ended with ${status}`);
}
