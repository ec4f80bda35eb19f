import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { findGroupPlace, groupNameOf } from "../../../supervisor/host/group-place.ts";
import { createGroups } from "../../../supervisor/host/groups.ts";
import { readStat } from "../../../supervisor/host/procfs.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { BROUGHT, DAEMON, inGroups, limits, ownFolder } from "./in-groups.ts";
import type { Child, Rig } from "./rig.ts";

const LIMIT_MS = 10_000;

export const groupCases: readonly Case[] = [
  inGroups("a child with limits is in its control group before its program runs, and the group goes with it", group),
  inGroups(
    "a child without limits runs at once, and is brought into its control group with all it has forked",
    brought,
  ),
  inGroups(
    "a daemon whose leader ended before it could be brought into the control group is brought there",
    daemonBrought,
  ),
  inGroups("whoever is in no control group yet counts by kinship, and is killed all the same", killedBefore),
  inGroups("a kill in the middle of being brought into a control group misses nobody", killedMidway),
  inGroups("whoever ends before it was brought into its control group ends as anybody else, and leaves none", tooQuick),
  inGroups("a child whose listeners, user and limits need a shell is in its control group as well", confinedGroup),
  inGroups("an odd variable keeps out of a control group only whoever has limits, which is noted", ungrouped),
  inGroups("a child that leaves its control group for one of its own choice does not outlive the stop", leaver),
  inGroups("what a killed supervisor left of empty control groups is removed", swept),
];

async function group(rig: Rig): Promise<void> {
  const child = rig.spawn(["cat", "/proc/self/cgroup"], { keeper: "api@2", resources: limits });
  await child.until("exited");
  const name = `supervisor-${process.pid}/api@2.${child.invocation}`;
  assert.ok(child.stdout.split("\n").some((line) => line.startsWith("0::") && line.endsWith(`/${name}`)));
  await eventually(() => !existsSync(join(ownFolder(), "..", name)), LIMIT_MS, "the group is gone");
}

/** Whether all of these are in the group of their invocation. */
function areBrought(pids: readonly number[], { invocation }: Child): boolean {
  return pids.every((pid) => groupNameOf(pid)?.endsWith(`/supervisor-${process.pid}/unit@1.${invocation}`));
}

async function brought(rig: Rig): Promise<void> {
  const relatives = `sleep 100 & setsid sleep 101 & perl -e '${DAEMON} exec "sleep", "102"'`;
  const child = rig.shell(`cat /proc/$$/comm; ${relatives}; wait`, { marked: true });
  const members = (): readonly number[] => rig.processes.members(child.invocation).map(({ pid }) => pid);
  await eventually(() => members().length === 4, LIMIT_MS, "all of its own");
  await eventually(() => areBrought(members(), child), LIMIT_MS, "they are brought");
  // What a shim would be called in the meantime.
  await child.untilPrinted("\n");
  assert.match(child.stdout, /^sh\n/);
}

async function daemonBrought(rig: Rig): Promise<void> {
  const children = Array.from({ length: 5 }, () =>
    rig.spawn(["perl", "-e", `${DAEMON.replaceAll('"pid', '"$ENV{INVOCATION_ID}')} exec "sleep", "100"`], {
      marked: true,
    }),
  );
  for (const child of children) {
    await child.until("exited");
    const members = (): readonly number[] => rig.processes.members(child.invocation).map(({ pid }) => pid);
    const isBrought = (): boolean => members().length === 1 && areBrought(members(), child);
    await eventually(isBrought, LIMIT_MS, "it is brought");
  }
}

async function killedMidway(rig: Rig): Promise<void> {
  const daemon = `perl -e '${DAEMON.replaceAll('"pid', '"$ENV{INVOCATION_ID}')} exec "sleep", "100"'`;
  for (let laterMs = 0; laterMs < 30; laterMs += 2) {
    const child = rig.shell(`sleep 100 & setsid sleep 101 & ${daemon}; wait`, { marked: true });
    const seen = new Set<number>();
    for (const untilMs = performance.now() + laterMs; performance.now() < untilMs; ) {
      for (const { pid } of rig.processes.members(child.invocation)) seen.add(pid);
      await new Promise((resolve) => setImmediate(resolve));
    }
    rig.processes.signal(child.invocation, "SIGKILL", "group");
    await child.gone();
    assert.deepEqual(rig.processes.members(child.invocation), []);
    for (const pid of seen) assert.ok((readStat(pid)?.state ?? "Z") === "Z", `${pid} outlived the kill`);
  }
}

/** Nobody is brought anywhere while the event loop is held. */
async function killedBefore(rig: Rig): Promise<void> {
  const child = rig.shell("setsid sh -c 'echo $$ >pid; exec sleep 100' & wait", { marked: true });
  const file = join(rig.dir, "pid");
  // Not by mv, which would be one process more for a moment.
  const said = (): string => (existsSync(file) ? readFileSync(file, "utf8") : "");
  for (const limit = performance.now() + LIMIT_MS; !said().endsWith("\n"); ) assert.ok(performance.now() < limit);
  const other = Number(said());
  const members = rig.processes.members(child.invocation).map(({ pid }) => pid);
  assert.deepEqual([...members].sort(), [child.pid, other].sort());
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  const isDead = (pid: number): boolean => /^[ZX]$/.test(readStat(pid)?.state ?? "X");
  for (const limit = performance.now() + LIMIT_MS; !(isDead(child.pid) && isDead(other)); ) {
    assert.ok(performance.now() < limit);
  }
  await child.gone();
}

async function tooQuick(rig: Rig): Promise<void> {
  const children = Array.from({ length: 40 }, (_, code) => rig.shell(`exit ${code}`));
  for (const [code, child] of children.entries()) {
    const { exit, survivors } = await child.until("exited");
    assert.deepEqual([exit, survivors], [{ by: "code", code }, []]);
  }
  const areGone = (): boolean =>
    !existsSync(ownFolder()) || readdirSync(ownFolder()).every((name) => !name.includes("@"));
  await eventually(areGone, LIMIT_MS, "no group is left");
  assert.deepEqual(rig.notes, []);
}

async function leaver(rig: Rig): Promise<void> {
  const chosen = join(findGroupPlace()?.folder ?? "", `chosen-${process.pid}`);
  mkdirSync(chosen);
  const moves = `${BROUGHT} echo 0 >'${chosen}/cgroup.procs'`;
  const child = rig.shell(`${moves}; setsid sh -c 'echo up; exec sleep 100' & wait`, { marked: true });
  await child.untilPrinted("up");
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.gone();
  const isRemoved = (): boolean => {
    const left = readFileSync(join(chosen, "cgroup.procs"), "utf8");
    if (left === "") rmdirSync(chosen);
    return left === "";
  };
  await eventually(isRemoved, LIMIT_MS, "nobody is left in it");
}

async function confinedGroup(rig: Rig): Promise<void> {
  const nobody = process.getuid?.() === 0 ? { user: "4711", group: "4712" } : { user: "", group: "" };
  const child: Child = rig.spawn(["cat", "/proc/self/cgroup", "/proc/self/limits"], {
    resources: limits,
    cwd: "/",
    privileges: {
      ...{ ...nobody, supplementaryGroups: [], noNewPrivileges: true },
      ...{ umask: 0o22, nice: 1, oomScoreAdjust: null, limits: { nofile: 77 } },
    },
  });
  assert.deepEqual((await child.until("exited")).exit, { by: "code", code: 0 });
  assert.match(child.stdout, new RegExp(`^0::.*/supervisor-${process.pid}/unit@1.${child.invocation}$`, "m"));
  assert.match(child.stdout, /^Max open files +77 /m);
}

async function ungrouped(rig: Rig): Promise<void> {
  const child = rig.spawn(["sh", "-c", "setsid sleep 100 & echo up; wait"], {
    env: { PATH: "/usr/bin:/bin", "odd.name": "x" },
    resources: limits,
  });
  await child.untilPrinted("up");
  assert.match(rig.notes.join(), /^unit@1 has no control group, since a variable/);
  const other = rig.shell(`${BROUGHT} echo up`, { env: { PATH: "/usr/bin:/bin", "odd.name": "x" } });
  await other.untilPrinted("up");
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.gone();
}

async function swept(): Promise<void> {
  const folder = findGroupPlace()?.folder ?? "";
  // No process has this number: the kernel's bound is lower.
  const left = join(folder, "supervisor-4194305");
  mkdirSync(join(left, "api@1.x"), { recursive: true });
  const groups = createGroups({ note: () => undefined });
  assert.equal(readdirSync(folder).includes("supervisor-4194305"), false);
  groups?.close();
}
