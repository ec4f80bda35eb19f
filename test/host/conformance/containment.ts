import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { readStat } from "../../../supervisor/host/procfs.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { BROUGHT, DAEMON, inGroups, limits } from "./in-groups.ts";
import { type Rig, withRig } from "./rig.ts";

const LIMIT_MS = 10_000;
/** Containment by looking at processes, and by control groups. */
const modes = [
  { by: "by kinship", grouped: false },
  { by: "by control groups", grouped: true },
] as const;

export const containmentCases: readonly Case[] = [
  ...modes.flatMap(({ by, grouped }): readonly Case[] => [
    both(`a daemon that left for a session of its own is named as a survivor and does not outlive the stop, ${by}`, {
      grouped,
      use: daemonised,
    }),
    both(`whoever has left the session while its parents live is a member, and hears the signal, ${by}`, {
      grouped,
      use: leftSession,
    }),
    both(`those who are forked while the others are killed are killed as well, ${by}`, {
      grouped,
      use: forkingAll("", 0.05),
    }),
    both(`whoever has lost nothing but its main thread is named as a survivor and does not outlive the stop, ${by}`, {
      grouped,
      use: headless,
    }),
    both(`whoever moves on without a pause is told as a survivor, be it that nobody can name it, ${by}`, {
      grouped,
      use: restless,
    }),
    both(`a main process of its own choice is the one whose end counts, ${by}`, { grouped, use: otherMain }),
    both(`a main process that is not our child is taken to have ended well, ${by}`, { grouped, use: foreignMain }),
    both(`MAINPID= of a stranger and of nobody is not heeded, ${by}`, { grouped, use: strangeMain }),
  ]),
  {
    promise: "whoever was seen once stays a member, without an environment, a session or parents to tell it by",
    run: () => withRig(wiped),
  },
  ...modes.map(({ by, grouped }) =>
    both(`a signal to a group looks at nobody else's processes, ${by}`, { grouped, use: amongMany }),
  ),
  {
    promise: "a daemon that has wiped its environment is told by its output, and does not outlive the stop",
    run: () => withRig(wipedDaemon),
  },
  {
    promise:
      "an orphan that has neither the mark nor the output of an invocation is nobody's, and is reaped when it ends",
    run: () => withRig(stranger),
  },
  inGroups(
    "those who are forked without a pause in a control group are all killed at once",
    forkingAll(BROUGHT, 0.001),
  ),
  inGroups("a stranger that was gone before we came to listen is not believed", goneStranger),
];

function both(promise: string, { grouped, use }: { grouped: boolean; use: (rig: Rig) => Promise<void> }): Case {
  return grouped ? inGroups(promise, use) : { promise, run: () => withRig(use) };
}

async function daemonised(rig: Rig): Promise<void> {
  const child = rig.shell(`perl -e '${DAEMON} exec "sleep", "100"'; until test -e pid; do sleep 0.01; done`, {
    marked: true,
  });
  const { survivors } = await child.until("exited");
  const daemon = daemonPid(rig);
  assert.deepEqual(
    survivors.map(({ pid }) => pid),
    [daemon],
  );
  assert.deepEqual(
    rig.processes.members(child.invocation).map(({ pid }) => pid),
    [daemon],
  );
  assert.equal(child.seen("emptied"), undefined);
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.until("emptied");
  assert.equal(readStat(daemon), null);
}

async function wipedDaemon(rig: Rig): Promise<void> {
  const child = rig.shell(`env -i perl -e '${DAEMON} exec "sleep", "100"'; until test -e pid; do sleep 0.01; done`);
  await child.until("exited");
  const daemon = daemonPid(rig);
  assert.deepEqual(
    rig.processes.members(child.invocation).map(({ pid }) => pid),
    [daemon],
  );
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.until("emptied");
  assert.equal(readStat(daemon), null);
}

function daemonPid(rig: Rig): number {
  return Number(readFileSync(join(rig.dir, "pid"), "utf8"));
}

async function leftSession(rig: Rig): Promise<void> {
  const script = "trap 'echo heard; kill $!; exit 0' TERM; echo up; sleep 100 & wait";
  const child = rig.shell(`setsid sh -c "$SCRIPT" & wait`, { env: { PATH: "/usr/bin:/bin", SCRIPT: script } });
  await child.untilPrinted("up");
  const isAsleep = (): boolean =>
    rig.processes.members(child.invocation).some(({ command }) => command === "sleep 100");
  await eventually(isAsleep, LIMIT_MS, "its sleep");
  assert.equal(rig.processes.members(child.invocation).length, 3);
  rig.processes.signal(child.invocation, "SIGTERM", "group");
  await child.untilPrinted("heard");
  await child.gone();
}

/** For a minute at most, each forks the next one in a session of its own and ends: nobody holds still, and nobody has a parent. */
function forkingAll(before: string, everySec: number): (rig: Rig) => Promise<void> {
  const relay = `use POSIX; $| = 1; print "up"; for (1 .. 60 / ${everySec}) { POSIX::_exit(0) if fork(); POSIX::setsid(); select(undef, undef, undef, ${everySec}); }`;
  return async (rig) => {
    const child = rig.shell(`${before}${`perl -e '${relay}' & `.repeat(4)} sleep 100`, { marked: true });
    await child.untilPrinted("upupupup");
    rig.processes.signal(child.invocation, "SIGKILL", "group");
    await child.gone();
    assert.deepEqual(rig.processes.members(child.invocation), []);
  };
}

async function headless(rig: Rig): Promise<void> {
  const program = `syscall(${process.arch === "x64" ? 60 : 93}, 0)`;
  const threads = `perl -Mthreads -e 'threads->create(sub { sleep 100 })->detach; ${program}' &`;
  const child = rig.shell(`${threads} until grep -q "^State:.Z" /proc/$!/status; do sleep 0.01; done; echo $!`);
  const { survivors } = await child.until("exited");
  assert.deepEqual(
    survivors.map(({ pid }) => pid),
    [Number(child.stdout)],
  );
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.until("emptied");
}

/** Each of them forks the next one and ends, and so on for half a minute. */
async function restless(rig: Rig): Promise<void> {
  const relay = "$| = 1; print qq(up); $e = time + 30; while (time < $e) { fork and POSIX::_exit(0) }";
  const child = rig.shell(`perl -MPOSIX -e '${relay}' & until test -e go; do sleep 0.01; done`, {
    marked: true,
  });
  await child.untilPrinted("up");
  mkdirSync(join(rig.dir, "go"));
  assert.notDeepEqual((await child.until("exited")).survivors, []);
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.until("emptied");
}

async function amongMany(rig: Rig): Promise<void> {
  const many = 150;
  const crowd = rig.shell(`i=0; while [ $i -lt ${many} ]; do sleep 100 & i=$((i + 1)); done; echo up; wait`);
  const child = rig.shell("sleep 100 & echo up; wait");
  await Promise.all([crowd, child].map((one) => one.untilPrinted("up")));
  const before = readsSoFar();
  rig.processes.signal(child.invocation, "SIGCONT", "group");
  assert.equal(rig.processes.members(child.invocation).length, 2);
  const reads = readsSoFar() - before;
  assert.ok(reads < many, `${reads} reads for a group of two`);
}

/** How often this process has read from a file. Source: proc_pid_io(5), syscr. */
function readsSoFar(): number {
  return Number(/^syscr: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

/** The leader starts a daemon, names it, and ends; then the daemon does, with a code of its own. */
async function otherMain(rig: Rig): Promise<void> {
  const daemon = `${DAEMON} 0 until -e "go"; exit 7`;
  const child = rig.shell(
    `perl -e '${daemon}'; until test -e pid; do sleep 0.01; done; ${say("MAINPID=$(cat pid)")}; echo told`,
    { marked: true, notify: true },
  );
  const { pid } = await child.until("main-pid");
  assert.equal(pid, daemonPid(rig));
  await child.untilPrinted("told");
  await eventually(() => readStat(child.pid) === null, LIMIT_MS, "the leader reaped");
  assert.equal(child.seen("exited"), undefined);
  mkdirSync(join(rig.dir, "go"));
  assert.deepEqual(await child.until("exited"), {
    ...{ tag: "exited", invocation: child.invocation },
    ...{ exit: { by: "code", code: 7 }, survivors: [] },
  });
}

async function foreignMain(rig: Rig): Promise<void> {
  const child = rig.shell(`sleep 100 & ${say("MAINPID=$!")}; wait $!; exec sleep 101`, { marked: true, notify: true });
  const { pid } = await child.until("main-pid");
  rig.processes.signal(child.invocation, "SIGTERM", "main");
  const { exit, survivors } = await child.until("exited");
  assert.notEqual(pid, child.pid);
  assert.deepEqual(exit, { by: "code", code: 0 });
  assert.deepEqual(
    survivors.map((one) => one.pid),
    [child.pid],
  );
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.until("emptied");
}

async function strangeMain(rig: Rig): Promise<void> {
  const other = rig.shell("sleep 100");
  const mains = [other.pid, process.pid, 1, 4_000_000].map((pid) => say(`MAINPID=${pid}`)).join("; ");
  const child = rig.shell(`${mains}; ${say("READY=1")}; sleep 100`, { marked: true, notify: true });
  await rig.until("READY", () => rig.events.some((event) => event.tag === "notified" && event.fields.READY));
  assert.equal(child.seen("main-pid"), undefined);
  assert.deepEqual(rig.notes, [
    `MAINPID=${other.pid} is not heeded: it is no process of invocation ${child.invocation}`,
  ]);
}

async function wiped(rig: Rig): Promise<void> {
  const wiping = `env -i setsid sh -c "echo \\$\\$ >pid.new; mv pid.new pid; exec sleep 100"`;
  const child = rig.shell(`${wiping} & until test -e go; do sleep 0.01; done`);
  await eventually(() => existsSync(join(rig.dir, "pid")), LIMIT_MS, "its pid");
  const daemon = daemonPid(rig);
  assert.ok(rig.processes.members(child.invocation).some(({ pid }) => pid === daemon));
  mkdirSync(join(rig.dir, "go"));
  assert.deepEqual(
    (await child.until("exited")).survivors.map(({ pid }) => pid),
    [daemon],
  );
  rig.processes.signal(child.invocation, "SIGTERM", "group");
  await child.until("emptied");
}

async function stranger(rig: Rig): Promise<void> {
  const child = rig.shell(
    `perl -e '${DAEMON} exec "sleep", "100"' >/dev/null 2>&1; until test -e pid; do sleep 0.01; done`,
  );
  assert.deepEqual((await child.until("exited")).survivors, []);
  const daemon = daemonPid(rig);
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  assert.match(readStat(daemon)?.state ?? "gone", /[SR]/);
  process.kill(daemon, "SIGKILL");
  await eventually(() => readStat(daemon) === null, LIMIT_MS, "the daemon reaped");
}

async function goneStranger(rig: Rig): Promise<void> {
  const child = rig.shell(
    `echo "$NOTIFY_SOCKET"; until test -e go; do sleep 0.01; done; ${say("STATUS=own")}; sleep 100`,
    { notify: true, resources: limits },
  );
  await child.untilPrinted("\n");
  const env = { PATH: "/usr/bin:/bin", NOTIFY_SOCKET: child.stdout.trim() };
  rig.shell(`${say("READY=1")}; touch sent; sleep 100`, { env });
  // Holds the whole event loop, so that nothing can be heard meanwhile.
  for (const limit = Date.now() + LIMIT_MS; !existsSync(join(rig.dir, "sent")); ) assert.ok(Date.now() < limit);
  mkdirSync(join(rig.dir, "go"));
  assert.deepEqual((await child.until("notified")).fields, { STATUS: "own" });
}

function say(text: string): string {
  return `perl -MSocket -e 'socket(S,PF_UNIX,SOCK_DGRAM,0);send(S,shift,0,sockaddr_un($ENV{NOTIFY_SOCKET}))' "${text}"`;
}
