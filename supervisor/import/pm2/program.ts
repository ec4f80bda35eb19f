import { numberOf, shown, textOf, textsOf } from "../raw.ts";
import { below, fromRoot, literal } from "../template.ts";
import { quotedWords, shellCommand, shellWords } from "../words.ts";
import { type App, change, given, lose } from "./app.ts";

/** Says what runs, where, and how many times. False when the app names nothing to run. */
export function importProgram(app: App): boolean {
  const script = textOf(given(app, "script"));
  if (script === null) return false;
  const folder = importFolder(app);
  if (/\s/.test(script.trim())) importLine(app, script);
  else importScript(app, script, folder);
  importInstances(app);
  return true;
}

/** The folder that the script is looked for in, seen from the root. */
function importFolder({ draft, here, values }: App): string {
  const cwd = textOf(values.get("cwd")?.value);
  const folder = below(here, cwd ?? ".");
  if (folder !== ".") draft.set("service", "working_directory", folder);
  return folder;
}

/** Source: lib/Common.js, verifyConfs: a script with a space in it is a line for bash, and `args` go for nothing. */
function importLine(app: App, line: string): void {
  const found = shellWords(line, () => null);
  for (const [name, value] of Object.entries(found?.environment ?? {})) app.draft.variable(name, value);
  app.draft.set("service", "exec_start", found?.words ?? shellCommand(line, "bash"));
  if (app.values.has("args")) lose(app, "args", "pm2 passes none to a `script` that is a whole command line");
}

function importScript(app: App, script: string, folder: string): void {
  const { draft } = app;
  const args = argsOf(app, "args");
  const flags = argsOf(app, "node_args");
  const interpreter = interpreterOf(app, script);
  const isFile = script.includes("/") || EXTENSION.test(script);
  if (interpreter === null) {
    const program = isFile ? fromRoot(inside(folder, script)) : literal(script);
    draft.set("service", "exec_start", [program, ...args]);
  } else if ((interpreter === "node" || interpreter === "bun") && flags.length === 0) {
    draft.set("service", "script", script.startsWith("/") ? below(app.here, script) : inside(folder, script));
    if (args.length > 0) draft.set("service", "args", args);
    draft.set("service", "runtime", interpreter);
  } else {
    draft.set("service", "exec_start", [literal(interpreter), ...flags, literal(script), ...args]);
  }
}

/** A path of the app's folder, seen from the root. Shape: ("web", "./server.js") → "web/server.js". */
function inside(folder: string, script: string): string {
  const path = literal(script.replace(/^(?:\.\/+)+/, ""));
  return folder === "." || script.startsWith("/") ? path : `${folder}/${path}`;
}

function argsOf(app: App, key: string): readonly string[] {
  const raw = given(app, key);
  if (raw === undefined) return [];
  if (typeof raw !== "string") return textsOf(raw).map(literal);
  const words = quotedWords(raw);
  if (words === null) change(app, key, `a quote does not end in ${shown(raw)}; it was split at white space`);
  return (words ?? raw.trim().split(/\s+/)).map(literal);
}

/** What runs the script; null when it is a program itself. Source: lib/API/interpreter.json, lib/Common.js, resolveInterpreter. */
function interpreterOf(app: App, script: string): string | null {
  const told = textOf(given(app, "interpreter"));
  if (told === "none") return null;
  if (told?.startsWith("node@") === true) {
    change(app, "interpreter", `pm2 took ${told} from nvm; here it is the node that PATH leads to`);
    return "node";
  }
  if (told !== null) return told;
  const [, extension = ""] = EXTENSION.exec(script) ?? [];
  if (extension !== "") return INTERPRETERS[extension] ?? "node";
  // A name alone is a program of the machine; a file without an ending pm2 gives to node, unless it is binary.
  return null;
}

const EXTENSION = /\.(js|cjs|mjs|ts|mts|cts|tsx|sh|py|rb|php|pl|coffee|ls)$/;
const INTERPRETERS: Readonly<Record<string, string>> = {
  ...{ ts: "bun", mts: "bun", cts: "bun", tsx: "bun", sh: "bash", py: "python3", rb: "ruby", php: "php", pl: "perl" },
  ...{ coffee: "coffee", ls: "lsc" },
};

/**
 * Says how many processes.
 * Why one where pm2 had a cluster: node's cluster module shares a port among them, and programs rely on it; here each would bind it
 * for itself and all but the first would fail.
 */
function importInstances(app: App): void {
  const { draft, here } = app;
  const raw = given(app, "instances");
  const wanted = raw === "max" ? 0 : (numberOf(raw) ?? (raw === undefined ? 1 : 0));
  const count = wanted > 0 ? Math.round(wanted) : Math.max(1, here.cores + Math.round(wanted));
  const mode = textOf(given(app, "exec_mode")) ?? (raw !== undefined && isNode(app) ? "cluster" : "fork");
  const isCluster = mode.startsWith("cluster");
  if (isCluster && count > 1) {
    const why = `pm2 ran ${count} in a cluster, where node shares one port among them. Here a service takes a shared listener from LISTEN_FDS (docs/services-kit.md); once it does, or if it listens nowhere: instances = ${count}`;
    draft.set("service", "instances", 1, why);
    change(app, raw === undefined ? "exec_mode" : "instances", `1 instead of ${count}: ${why}`);
  } else if (count > 1) {
    draft.set("service", "instances", count);
  }
  if (raw !== undefined || app.values.has("instance_var")) importNumber(app, isCluster ? 1 : count);
}

function importNumber(app: App, count: number): void {
  const name = textOf(given(app, "instance_var")) ?? "NODE_APP_INSTANCE";
  app.draft.variable(name, count > 1 ? "%i" : "0");
  if (count > 1) change(app, "instances", `${name} counts from 1 here, pm2's from 0`);
}

/** Source: lib/Common.js, resolveExecMode: `instances` alone means a cluster, of what node or bun runs. */
function isNode({ draft }: App): boolean {
  const runtime = draft.get("service", "runtime");
  const argv = draft.get("service", "exec_start");
  const program = Array.isArray(argv) ? String(argv[0]) : "";
  return runtime !== undefined || /(?:node|bun)$/.test(program);
}
