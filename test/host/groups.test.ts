import { afterEach, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Group } from "../../supervisor/host/group.ts";
import { createGroups, type Groups } from "../../supervisor/host/groups.ts";
import { limitsOf } from "../../supervisor/host/limits.ts";
import type { Resources } from "../../supervisor/unit/resources.ts";
import { eventually } from "../support/eventually.ts";

// Folders that look like a cgroup hierarchy: which controllers a machine has is nothing that a test may depend on. What the
// kernel does with them is in the conformance suite.
const everything: Resources = { memoryMaxBytes: 64 * 2 ** 20, cpuQuotaPercent: 150, tasksMax: 12 };
const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

type Files = Readonly<Record<string, string>>;

function hierarchy(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), "groups-"));
  made.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function groupsIn(folder: string): { groups: Groups; notes: string[]; base: string } {
  const notes: string[] = [];
  const groups = createGroups({ note: (text) => notes.push(text), place: { name: "/app", folder } });
  if (!groups) throw new Error("no groups");
  return { groups, notes, base: join(folder, `supervisor-${process.pid}`) };
}

const text = (...path: string[]): string | null => {
  const file = join(...path);
  return existsSync(file) ? readFileSync(file, "utf8") : null;
};
const controllers = "cpuset cpu memory pids\n";

test("limits are written as the kernel wants them, with their controllers handed down first", () => {
  const folder = hierarchy({ "cgroup.controllers": controllers, "cgroup.subtree_control": "cpu memory pids\n" });
  const { groups, notes, base } = groupsIn(folder);
  const group = groups.make("api@1.x", everything);
  expect(group?.door).toBe(join(base, "api@1.x/cgroup.procs"));
  const written = ["memory.max", "cpu.max", "pids.max"].map((file) => text(base, "api@1.x", file));
  expect(written).toEqual(["67108864", "150000 100000", "12"]);
  expect(text(base, "cgroup.subtree_control")).toBe("+pids");
  expect(text(folder, "cgroup.subtree_control")).toBe("cpu memory pids\n");
  expect(notes).toEqual([]);
});

test("one that another supervisor has made gets back the limits that it has lost, and no others", () => {
  const folder = hierarchy({ "cgroup.controllers": controllers });
  const { groups } = groupsIn(folder);
  const group = new Group(join(folder, "supervisor-1/api@1.x"), "/app/supervisor-1/api@1.x");
  mkdirSync(group.folder, { recursive: true });
  group.limits = limitsOf(everything);
  writeFileSync(join(group.folder, "memory.max"), "67108864\n");
  groups.renew(group);
  const written = ["memory.max", "cpu.max", "pids.max"].map((file) => text(group.folder, file));
  expect(written).toEqual(["67108864\n", "150000 100000", "12"]);
  expect(text(folder, "supervisor-1/cgroup.subtree_control")).toBe("+pids");
});

test("what is not asked for is not written, and nothing is handed down for it", () => {
  const { groups, base } = groupsIn(hierarchy({ "cgroup.controllers": controllers }));
  groups.make("a", null);
  groups.make("b", { memoryMaxBytes: Infinity, cpuQuotaPercent: 0.5, tasksMax: Infinity });
  expect([text(base, "a/cpu.max"), text(base, "b/memory.max"), text(base, "b/pids.max")]).toEqual([null, null, null]);
  // The least that the kernel takes.
  expect(text(base, "b/cpu.max")).toBe("1000 100000");
});

test("a limit without its controller is no failure, and is told once", () => {
  const folder = hierarchy({ "cgroup.controllers": "hugetlb\n" });
  const { groups, notes } = groupsIn(folder);
  expect(groups.make("a", everything)).not.toBeNull();
  expect(groups.make("b", everything)).not.toBeNull();
  expect(notes).toEqual(
    [
      ["memory_max", "memory"],
      ["cpu_quota", "cpu"],
      ["tasks_max", "pids"],
    ].map(([key, controller]) => `${key} has no effect: ${folder} lacks the controller ${controller}`),
  );
});

test("a delegated group is left for a leaf before controllers are handed down, unless others are in it", () => {
  const delegated = { "cgroup.controllers": controllers, "cgroup.type": "domain\n", "cgroup.subtree_control": "\n" };
  const own = groupsIn(hierarchy({ ...delegated, "cgroup.procs": `${process.pid}\n` }));
  own.groups.make("a", everything);
  expect(text(own.base, "supervisor/cgroup.procs")).toBe("0");
  expect(text(own.base, "..", "cgroup.subtree_control")).toBe("+pids");
  expect(own.notes).toEqual([]);

  const folder = hierarchy({ ...delegated, "cgroup.procs": `${process.pid}\n1\n` });
  const shared = groupsIn(folder);
  shared.groups.make("a", { ...everything, cpuQuotaPercent: Infinity, tasksMax: Infinity });
  expect(existsSync(join(shared.base, "supervisor"))).toBe(false);
  expect(shared.notes).toEqual([
    `memory_max has no effect: other processes are in ${folder}, which must be empty for that`,
  ]);
});

test("whoever was started a moment ago and is in no group yet goes to the leaf as well", async () => {
  const child = spawn("sleep", ["60"]);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const members = `${process.pid}\n${child.pid}\n`;
  const delegated = { "cgroup.controllers": controllers, "cgroup.type": "domain\n", "cgroup.procs": members };
  const { groups, notes, base } = groupsIn(hierarchy(delegated));
  groups.make("a", everything);
  // The last that was written.
  expect(text(base, "supervisor/cgroup.procs")).toBe(`${child.pid}`);
  expect(notes).toEqual([]);
  child.kill("SIGKILL");
  await ended;
});

test("one that is not empty is tried again when others are discarded", async () => {
  const { groups, base } = groupsIn(hierarchy({}));
  const [first, second, third] = ["a", "b", "c"].map((name) => groups.make(name, null));
  writeFileSync(join(base, "a/somebody"), "");
  if (first && second) for (const group of [first, second]) groups.discard(group);
  await eventually(() => !existsSync(join(base, "b")), 5_000, "the empty one is gone");
  expect(existsSync(join(base, "a"))).toBe(true);
  rmSync(join(base, "a/somebody"));
  if (third) groups.discard(third);
  await eventually(() => !existsSync(join(base, "a")) && !existsSync(join(base, "c")), 5_000, "both are gone");
});

test("the root hands controllers down though processes are in it", () => {
  const folder = hierarchy({
    "cgroup.controllers": controllers,
    "cgroup.subtree_control": "",
    "cgroup.procs": "1\n2\n",
  });
  const { groups, notes } = groupsIn(folder);
  groups.make("a", everything);
  expect([text(folder, "cgroup.subtree_control"), notes]).toEqual(["+pids", []]);
});

test("empty groups are removed, those of a dead supervisor too, and not those of one that lives", async () => {
  const folder = hierarchy({});
  // No process has this number: the kernel's bound is lower.
  for (const name of ["supervisor-4194305/api@1.x", "supervisor-1/api@1.x"])
    mkdirSync(join(folder, name), { recursive: true });
  const { groups, base } = groupsIn(folder);
  expect([existsSync(join(folder, "supervisor-4194305")), existsSync(join(folder, "supervisor-1/api@1.x"))]).toEqual([
    false,
    true,
  ]);
  const group = groups.make("a", null);
  mkdirSync(join(base, "a/made-by-the-service"));
  if (group) groups.discard(group);
  await eventually(() => !existsSync(join(base, "a")), 5_000, "the group is gone");
  groups.close();
  expect(existsSync(base)).toBe(false);
});

test("where no group can be made there are none", () => {
  const note = (): void => undefined;
  expect(createGroups({ note, place: null })).toBeNull();
  expect(createGroups({ note, place: { name: "/", folder: "/proc/nowhere" } })).toBeNull();
});

test("a group that the machine refuses is noted, and the process starts without", () => {
  const { groups, notes, base } = groupsIn(hierarchy({}));
  rmSync(base, { recursive: true });
  expect(groups.make("a", null)).not.toBeNull();
  expect(notes).toEqual([]);
  expect(groups.make("a", null)).toBeNull();
  expect(notes[0]).toMatch(/^no control group can be made: EEXIST/);
});

test("a member that the out-of-memory killer took is known", () => {
  const { groups, base } = groupsIn(hierarchy({}));
  const group = groups.make("a", null);
  expect(group?.hasLostToMemory()).toBe(false);
  writeFileSync(join(base, "a/memory.events"), "low 0\noom 1\noom_kill 0\n");
  expect(group?.hasLostToMemory()).toBe(false);
  writeFileSync(join(base, "a/memory.events"), "low 0\noom 1\noom_kill 2\noom_group_kill 0\n");
  expect(group?.hasLostToMemory()).toBe(true);
});
