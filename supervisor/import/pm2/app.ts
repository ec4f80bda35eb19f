import type { Draft, Here } from "../draft.ts";

/** A value under pm2's own name for it, and the name that stood in the file. */
export type Named = Readonly<{ key: string; value: unknown }>;

/** One app of the file, on its way to a unit. */
export type App = Readonly<{
  draft: Draft;
  values: ReadonlyMap<string, Named>;
  here: Here;
  lineOf(key: string): number | undefined;
}>;

/** Gives every key the one name under which it is read. Shape: `execMode`, `exec_mode` → `exec_mode`; `interpreterArgs` → `node_args`. */
export function canonical(raw: Readonly<Record<string, unknown>>): ReadonlyMap<string, Named> {
  const entries = Object.entries(raw).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return new Map(
    entries.map(([key, value]) => {
      const snake = key.startsWith("env_") ? key : key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [ALIASES[snake] ?? snake, { key, value }];
    }),
  );
}

/** The value of a key, and where it stands. */
export function given({ values }: App, name: string): unknown {
  return values.get(name)?.value;
}

/** Says that nothing in the unit does what a key said. */
export function lose(app: App, name: string, why: string): void {
  const { key } = app.values.get(name) ?? { key: name };
  app.draft.lose(key, app.lineOf(key), why);
}

/** Says that the unit does what a key said in another way. */
export function change(app: App, name: string, why: string): void {
  const { key } = app.values.get(name) ?? { key: name };
  app.draft.change(key, app.lineOf(key), why);
}

/** Source: pm2's lib/API/schema.json, "alias", and lib/Common.js for the first two. */
const ALIASES: Readonly<Record<string, string>> = {
  cmd: "script",
  command: "script",
  exec: "script",
  exec_interpreter: "interpreter",
  interpreter_args: "node_args",
  output: "out_file",
  out: "out_file",
  out_log: "out_file",
  error: "error_file",
  err: "error_file",
  err_file: "error_file",
  err_log: "error_file",
  log: "log_file",
  cron: "cron_restart",
  combine_logs: "merge_logs",
  pid: "pid_file",
  user: "uid",
  group: "gid",
};
