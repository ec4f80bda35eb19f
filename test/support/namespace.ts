import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ended } from "./daemon.ts";
import { eventually } from "./eventually.ts";
import type { Root } from "./root.ts";
import { within } from "./within.ts";

const BIN = fileURLToPath(new URL("../../supervisor/bin.sh", import.meta.url));
const BIRTH_BOUND_MS = 10_000;
const own = ["--pid", "--fork", "--mount-proc", "--kill-child"];

/** How a process becomes process 1 of a namespace of its own here; a string says why none can. */
export const namespace: readonly string[] | string = findNamespace();

function findNamespace(): readonly string[] | string {
  const ways = [own, ["--user", "--map-root-user", ...own]];
  const tried = ways.map((flags) => spawnSync("unshare", [...flags, "true"], { encoding: "utf8", timeout: 10_000 }));
  const found = ways.find((_, at) => tried[at]?.status === 0);
  return found ?? tried.map(({ stderr, error }) => (error?.message ?? stderr ?? "").trim()).join("; ");
}

/** A supervisor that is process 1, as in a container. Pids are those seen from outside. */
export interface Container {
  readonly pid: number;
  signal(signal: NodeJS.Signals | number): void;
  /** The children of process 1, in the words of /proc/PID/stat. */
  children(): readonly Readonly<{ pid: number; state: string; name: string }>[];
  ended(boundMs: number): Promise<Ended>;
}

/**
 * Runs `supervisor --root PATH start FLAGS…` as process 1. `before`: a shell line that process 1 runs first, as an entrypoint
 * may; it ends with a semicolon or an ampersand.
 */
export async function startContainer(root: Root, flags: readonly string[] = [], before = ""): Promise<Container> {
  if (typeof namespace === "string") throw new Error(namespace);
  const log = openSync(join(root.path, "tmp/daemon.log"), "a");
  const line = `${before} exec sh "$0" "$@"`;
  const argv = [...namespace, "sh", "-c", line, BIN, "--root", root.path, "start", ...flags];
  const child = spawn("unshare", argv, { cwd: root.path, env: root.environment, stdio: ["ignore", log, log] });
  closeSync(log);
  const end = new Promise<Ended>((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  const pid = await eventually(() => firstChild(child), BIRTH_BOUND_MS, "process 1 is born");
  return {
    pid,
    signal: (signal) => void process.kill(pid, signal),
    children: () => childrenOf(pid).filter((child) => !holdsDescriptors(child.pid)),
    ended: (boundMs) => within(end, boundMs, "process 1 ends"),
  };
}

function firstChild(child: ChildProcess): number | null {
  if (child.exitCode !== null) throw new Error(`unshare ended with ${child.exitCode}`);
  return childrenOf(child.pid ?? -1)[0]?.pid ?? null;
}

function childrenOf(parent: number): ReturnType<Container["children"]> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const [, name = "", state = "", ppid] = /^\d+ \((.*)\) (\S) (\d+) /s.exec(statOf(pid)) ?? [];
    return Number(ppid) === parent ? [{ pid: Number(pid), state, name }] : [];
  });
}

/** The one that keeps descriptors for the next supervisor is the supervisor's own. See `supervisor/host/parking.ts`. */
function holdsDescriptors(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1") === "sleep\x002147483647\0";
  } catch {
    return false; // it has ended
  }
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return ""; // it ended between the listing and the reading
  }
}
