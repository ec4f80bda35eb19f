import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PIDS = "/sys/fs/cgroup/pids";

/** What was taken from a process, until it is given back. */
export type Famine = Readonly<{ end(): void }>;

/** Lets a process have `spare` descriptors more than it has, low numbers first; null: none at all, whatever it closes. */
export function withoutDescriptors(pid: number, spare: number | null): Famine {
  const before = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1] ?? "";
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let end = 3;
  for (let free = 0; free < (spare ?? 0); end++) if (!open.has(end)) free++;
  limit(pid, `--nofile=${end}:`);
  return { end: () => limit(pid, `--nofile=${before}:`) };
}

/** Lets a process start no other and no thread, see `forkLimit`. */
export function withoutProcesses(pid: number): Famine {
  if (process.getuid?.() !== 0) {
    const before = /^Max processes\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1] ?? "";
    limit(pid, "--nproc=1:");
    return { end: () => limit(pid, `--nproc=${before}:`) };
  }
  const group = join(PIDS, `supervisor-test-${pid}`);
  mkdirSync(group);
  writeFileSync(join(group, "cgroup.procs"), String(pid));
  writeFileSync(join(group, "pids.max"), "1");
  return {
    end() {
      for (const one of readFileSync(join(group, "cgroup.procs"), "utf8")
        .split("\n")
        .filter((line) => line !== "")) {
        writeFileSync(join(PIDS, "cgroup.procs"), one);
      }
      rmdirSync(group);
    },
  };
}

/** Why the number of processes cannot be limited here, or null. Root is above its limit, and needs the pids controller of cgroup v1. */
export const forkLimit: string | null = process.getuid?.() === 0 ? refusal() : null;

function refusal(): string | null {
  const group = join(PIDS, `supervisor-test-${process.pid}`);
  try {
    mkdirSync(group);
    rmdirSync(group);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function limit(pid: number, flag: string): void {
  const { status, stderr } = spawnSync("prlimit", ["--pid", String(pid), flag], { encoding: "utf8", timeout: 5_000 });
  if (status !== 0) throw new Error(`prlimit ${flag}: ${stderr}`);
}
