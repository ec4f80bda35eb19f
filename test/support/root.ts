import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.ts";
import { type Seen, startedWith } from "./proc.ts";

const BIN = fileURLToPath(new URL("../../supervisor/bin.sh", import.meta.url));
const COMMAND_BOUND_MS = 60_000;
const LOG_END_BYTES = 6_000;

export type RuntimeName = "bun" | "deno";

/**
 * Shape: `{ runtime: "bun", units: { "api.toml": "[service]\n…" } }`.
 * Keys of `units` and `config` are file names below those folders; keys of `files` and `links` are paths below the root.
 */
export type RootOrder = Readonly<{
  runtime: RuntimeName;
  units: Readonly<Record<string, string>>;
  config?: Readonly<Record<string, string>>;
  files?: Readonly<Record<string, string>>;
  /** Where each link leads, seen from its own folder. */
  links?: Readonly<Record<string, string>>;
  environment?: Readonly<Record<string, string>>;
}>;

export type Ran = Readonly<{ code: number | null; stdout: string; stderr: string }>;

/** A throw-away root folder, and the command `supervisor` for it. */
export interface Root {
  readonly path: string;
  readonly stateDir: string;
  readonly controlPath: string;
  /** Runs `supervisor --root PATH …` to its end. Errors: throws when that takes longer than a minute. */
  cli(...args: readonly string[]): Promise<Ran>;
  /** Starts `supervisor --root PATH …`, its output going to the file. `program`: the launcher, if not that of the project. */
  launch(args: readonly string[], outputFd: number, program?: string): ReturnType<typeof spawn>;
  /** The environment that everything started in this root carries: the mark by which it is found again. */
  readonly environment: NodeJS.ProcessEnv;
  write(path: string, text: string): void;
  read(path: string): string;
  /** The sockets, fifos and pid files below the root, by their paths in it. */
  specialFiles(): readonly string[];
  /** What is alive of everything that was ever started in this root. */
  processes(): readonly Seen[];
}

/**
 * Makes a root, lends it, and takes everything away again, also when `use` throws.
 * Errors: after a `use` that went well, a process, socket, fifo or pid file that is still there is an error that names it.
 */
export async function withRoot(order: RootOrder, use: (root: Root) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "sv-"));
  const root = openRoot(path, order);
  try {
    await use(root);
    await eventually(() => root.processes().length === 0, 2_000, "no process is left", root.processes);
    const files = root.specialFiles();
    if (files.length > 0) throw new Error(`left behind: ${files.join(", ")}`);
  } catch (error) {
    console.error(`--- ${order.runtime} root ${path}\n${logEnd(root)}---`);
    throw error;
  } finally {
    const killAll = (): boolean => {
      // Again and again: one that is just about to execute its program shows no environment, and is found a moment later.
      const left = root.processes();
      for (const { pid } of left) kill(pid);
      return left.length === 0;
    };
    await eventually(killAll, 5_000, "everything is killed", root.processes);
    for (const name of ["run", "credentials"]) removeBehind(join(root.stateDir, name));
    rmSync(path, { recursive: true, force: true });
  }
}

/** What a supervisor that was killed has left in memory. */
function removeBehind(link: string): void {
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) {
    rmSync(readlinkSync(link), { recursive: true, force: true });
  }
}

function openRoot(path: string, order: RootOrder): Root {
  const marker = `SUPERVISOR_TEST_ID=${randomUUID()}`;
  const stateDir = join(path, ".supervisor");
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  };
  for (const folder of ["units", "config", "tmp"]) mkdirSync(join(path, folder));
  for (const [name, text] of Object.entries(order.units)) write(join("units", name), text);
  for (const [name, text] of Object.entries(order.config ?? {})) write(join("config", name), text);
  for (const [name, text] of Object.entries(order.files ?? {})) write(name, text);
  for (const [name, target] of Object.entries(order.links ?? {})) symlinkSync(target, join(path, name));
  const env = {
    ...process.env,
    ...order.environment,
    SUPERVISOR_RUNTIME: order.runtime,
    SUPERVISOR_TEST_ID: marker.slice(marker.indexOf("=") + 1),
    NO_COLOR: "1",
    // Whatever is put beside the state folder for lack of room is found below the root, too.
    TMPDIR: join(path, "tmp"),
  };
  const launch: Root["launch"] = (args, outputFd, program = BIN) =>
    spawn("sh", [program, "--root", path, ...args], { cwd: path, env, stdio: ["ignore", outputFd, outputFd] });
  return {
    path,
    stateDir,
    controlPath: join(stateDir, "control.sock"),
    cli: (...args) => runToEnd(["sh", BIN, "--root", path, ...args], path, env),
    launch,
    environment: env,
    write,
    read: (name) => readFileSync(join(path, name), "utf8"),
    specialFiles: () => specialFiles(path),
    processes: () => startedWith(marker),
  };
}

/** Runs a command to its end. Errors: throws when that takes longer than a minute. */
export function runToEnd(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  const [program = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`not within ${COMMAND_BOUND_MS} ms: ${args.slice(1).join(" ")}\n${said.stdout}${said.stderr}`));
    }, COMMAND_BOUND_MS);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code, ...said });
    });
  });
}

function specialFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const stat = lstatSync(join(folder, name));
    return stat.isSocket() || stat.isFIFO() || name.endsWith(".pid");
  });
}

/** The ends of the daemon's own log and of what its services printed. */
function logEnd(root: Root): string {
  const logs = readdirSync(root.path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".log"));
  return logs.map((name) => `--- ${name}\n${root.read(name).slice(-LOG_END_BYTES)}\n`).join("");
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended by itself in the meantime
  }
}
