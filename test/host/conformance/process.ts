import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bytes, libc } from "../../../supervisor/host/libc.ts";
import { readStat } from "../../../supervisor/host/procfs.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { openDescriptors, type Rig, withRig } from "./rig.ts";

const SIGKILL = 9;
const SAY = "perl -MSocket -e 'socket(S,PF_UNIX,SOCK_DGRAM,0);send(S,shift,0,sockaddr_un($ENV{NOTIFY_SOCKET}))'";

export const processCases: readonly Case[] = [
  {
    promise: "A3: a child sees exactly descriptors 0, 1 and 2",
    run: () =>
      withRig(async (rig) => {
        // Ones that whoever started us forgot to close, as shells and editors do.
        const forgotten = bytes(8);
        libc.pipe2(forgotten, 0);
        const child = rig.shell("ls -l /proc/$$/fd");
        await child.until("exited");
        for (const fd of new Int32Array(forgotten.buffer)) libc.close(fd);
        const links = [...child.stdout.matchAll(/ (\d+) -> (.*)/g)].map(([, fd, to]) => [fd, to?.replace(/\d+/, "N")]);
        assert.deepEqual(links, [
          ["0", "/dev/null"],
          ["1", "pipe:[N]"],
          ["2", "pipe:[N]"],
        ]);
      }),
  },
  {
    promise: "a child need not wait for the kernel on its way to a thousand connections",
    run: () =>
      withRig(async (rig) => {
        const child = rig.spawn(["cat", "/proc/self/status"]);
        await child.until("exited");
        assert.ok(Number(/FDSize:\s*(\d+)/.exec(child.stdout)?.[1]) >= 1024);
      }),
  },
  {
    promise: "a child leads a session and a group of its own, with every signal default and none blocked",
    run: () =>
      withRig(async (rig) => {
        const child = rig.spawn(["cat", "/proc/self/stat", "/proc/self/status"]);
        await child.until("exited");
        const [pid, , , , group, session] = child.stdout.split(" ");
        assert.deepEqual([group, session], [pid, pid]);
        assert.match(child.stdout, /SigBlk:\s0{16}/);
        assert.match(child.stdout, /SigIgn:\s0{16}/);
      }),
  },
  {
    promise: "an end is heard within a few turns while another child prints without a pause",
    run: () =>
      withRig(async (rig) => {
        rig.spawn(["yes"]);
        const late: number[] = [];
        for (let times = 0; times < 20; times++) late.push(await turnsUntilHeard(rig));
        // Deno polls its signals once in 61 turns of a loop that is never idle.
        assert.ok(Math.max(...late) <= 8, `${late} turns`);
      }),
  },
  {
    promise: "a child can open /dev/stdout",
    run: () =>
      withRig(async (rig) => {
        const child = rig.shell("echo through the path > /dev/stdout");
        await child.until("exited");
        assert.equal(child.stdout, "through the path\n");
      }),
  },
  {
    promise: "a child gets the environment of its order and nothing else",
    run: () =>
      withRig(async (rig) => {
        const env = { PATH: "/usr/bin:/bin", "odd.name": "a b", EMPTY: "" };
        const child = rig.spawn(["env"], { env });
        await child.until("exited");
        assert.equal(child.stdout, "PATH=/usr/bin:/bin\nodd.name=a b\nEMPTY=\n");
      }),
  },
  {
    promise: "a program that cannot start is reported with its stage and its reason",
    run: () => withRig(refusedStarts),
  },
  {
    promise: "a program that only the kernel refuses is no exit of it, also behind a shell; its own exit codes are",
    run: () => withRig(refusedBehindShell),
  },
  {
    promise: "an exit code and a signal are reported as they were",
    run: () =>
      withRig(async (rig) => {
        const [code, signal] = [rig.shell("exit 7"), rig.shell("kill -9 $$")];
        assert.deepEqual((await code.until("exited")).exit, { by: "code", code: 7 });
        assert.deepEqual((await signal.until("exited")).exit, { by: "signal", signal: "SIGKILL", core: false });
      }),
  },
  {
    promise: "what was said just before the exit is heard before it",
    run: () =>
      withRig(async (rig) => {
        for (let round = 0; round < 10; round++) {
          const children = Array.from({ length: 20 }, () =>
            rig.shell(`echo last; exec ${SAY} READY=1`, { notify: true }),
          );
          for (const child of children) {
            await child.until("exited");
            const told = rig.events.filter(({ invocation }) => invocation === child.invocation).map(({ tag }) => tag);
            assert.deepEqual(told, ["spawned", "notified", "exited"]);
          }
        }
      }),
  },
  {
    promise: "what was printed just before the exit is there to be read when it is told",
    run: () =>
      withRig(async (rig) => {
        for (let round = 0; round < 50; round++) {
          const child = rig.shell("head -c 200000 /dev/zero");
          const atExit = await rig.until("exited", () => child.seen("exited") && { bytes: child.read() });
          assert.equal(atExit.bytes, 200_000);
        }
      }),
  },
  {
    promise: "who survives is named, and the emptied group is reported after the kill",
    run: () =>
      withRig(async (rig) => {
        const child = rig.shell("sleep 100 & until grep -q sleep /proc/$!/comm; do :; done; exit 0");
        const { survivors } = await child.until("exited");
        assert.deepEqual(
          survivors.map(({ command }) => command),
          ["sleep 100"],
        );
        assert.equal(child.seen("emptied"), undefined);
        assert.deepEqual(rig.processes.members(child.invocation), survivors);
        rig.processes.signal(child.invocation, "SIGTERM", "group");
        await child.until("emptied");
        assert.deepEqual(rig.processes.members(child.invocation), []);
      }),
  },
  {
    promise: "a zombie that its parent does not reap is not counted among the living",
    run: () =>
      withRig(async (rig) => {
        const leaver = "$p = fork; exit if !$p; 0 until `cat /proc/$p/stat` =~ /[)] Z/; $| = 1; print 'up'; sleep 100";
        const child = rig.spawn(["perl", "-e", leaver]);
        await child.untilPrinted("up");
        const pids = rig.processes.members(child.invocation).map(({ pid }) => pid);
        assert.deepEqual(pids, [child.pid]);
      }),
  },
  {
    promise:
      "a signal to the group reaches every group of the session, one to the main process that alone; orphans become ours",
    run: () =>
      withRig(async (rig) => {
        const job = `perl -e '$| = 1; setpgrp; print "up "; exec "sleep", "100"' &`;
        const child = rig.shell(`${job} ${job} wait`);
        await child.untilPrinted("up up");
        assert.equal(rig.processes.members(child.invocation).length, 3);
        rig.processes.signal(child.invocation, "SIGKILL", "main");
        const { survivors } = await child.until("exited");
        assert.equal(survivors.length, 2);
        for (const { pid } of survivors) {
          assert.match(readFileSync(`/proc/${pid}/status`, "utf8"), new RegExp(`^PPid:\\s${process.pid}$`, "m"));
        }
        rig.processes.signal(child.invocation, "SIGKILL", "group");
        await child.until("emptied");
      }),
  },
  {
    promise: "an emptied group is reported even when the last of it was another's child",
    run: () => withRig(foreignSurvivor),
  },
  {
    promise: "a child with a watchdog is told that it is meant, and one without is told nothing",
    run: () =>
      withRig(async (rig) => {
        const script = 'test "$WATCHDOG_PID" = $$ && echo meant; test -z "$WATCHDOG_PID" && echo none; exit 0';
        const env = { PATH: "/usr/bin:/bin" };
        const [meant, none] = [
          rig.shell(script, { env: { ...env, WATCHDOG_USEC: "1000" } }),
          rig.shell(script, { env }),
        ];
        await Promise.all([meant.until("exited"), none.until("exited")]);
        assert.deepEqual([meant.stdout, none.stdout], ["meant\n", "none\n"]);
      }),
  },
  {
    promise: "that nobody is left of an invocation is written down after it was told, with and without survivors",
    run: async () => {
      const order: string[] = [];
      const ledger = (rig: Rig) => ({
        began: () => undefined,
        ended: (invocation: string) => {
          order.push(...rig.events.filter((event) => event.invocation === invocation).map(({ tag }) => tag), "written");
        },
      });
      await withRig(
        async (rig) => {
          await rig.shell("exit 0").until("exited");
          const child = rig.shell("sleep 100 & exit 0");
          await child.until("exited");
          rig.processes.signal(child.invocation, "SIGKILL", "group");
          await child.until("emptied");
        },
        { ledger },
      );
      assert.deepEqual(order, ["spawned", "exited", "written", "spawned", "exited", "emptied", "written"]);
    },
  },
  {
    promise: "fifty processes at once are all reaped and leave no descriptor behind",
    run: () => withRig(manyAtOnce),
  },
  {
    promise: "many that end at once are reported a few at a time, and everybody else has a turn in between",
    run: () => withRig(endTogether),
  },
  {
    promise: "a flood on one pipe does not delay another's exit",
    run: () => withRig(flooded),
  },
  {
    promise: "memory and processor time of a live process are told, and null afterwards",
    run: () =>
      withRig(async (rig) => {
        const child = rig.shell("echo up; exec sleep 100");
        await child.untilPrinted("up");
        // The kernel counts pages late, so a program that has just begun may still have none.
        await eventually(() => (rig.processes.usage(child.pid)?.memoryBytes ?? 0) > 100_000, 10_000, "its memory");
        assert.equal(readStat(child.pid)?.startTicks, child.seen("spawned")?.startTicks);
        rig.processes.signal(child.invocation, "SIGKILL", "group");
        await child.until("exited");
        assert.equal(rig.processes.usage(child.pid), null);
      }),
  },
];

async function refusedStarts(rig: Rig): Promise<void> {
  const file = (name: string, text: string, mode: number): string => {
    writeFileSync(join(rig.dir, name), text);
    chmodSync(join(rig.dir, name), mode);
    return join(rig.dir, name);
  };
  const plain = file("plain", "#!/bin/sh\n", 0o644);
  const headless = file("headless", "echo hello\n", 0o755);
  const orphaned = file("orphaned", "#!/no/such/interpreter -x\n", 0o755);
  const refused = (argv: string, cwd?: string): unknown => {
    const { stage, code, message } = rig.spawn([argv], cwd === undefined ? {} : { cwd }).seen("spawn-failed") ?? {};
    return [stage, code, message];
  };
  const absent = "No such file or directory (ENOENT)";
  assert.deepEqual(refused("/usr/bin/bunn"), ["exec", "ENOENT", `/usr/bin/bunn: ${absent}`]);
  assert.deepEqual(refused("bunn"), ["exec", "ENOENT", `bunn: ${absent}`]);
  assert.deepEqual(refused("true", "/no/where"), ["chdir", "ENOENT", `/no/where: ${absent}`]);
  assert.deepEqual(refused("true", plain), ["chdir", "ENOTDIR", `${plain}: Not a directory (ENOTDIR)`]);
  assert.deepEqual(refused("./plain"), ["exec", "EACCES", `${plain}: Permission denied (EACCES)`]);
  assert.deepEqual(refused(headless), ["exec", "ENOEXEC", `${headless}: Exec format error (ENOEXEC)`]);
  const interpreter = `${orphaned}: its interpreter /no/such/interpreter: ${absent}`;
  assert.deepEqual(refused(orphaned), ["exec", "ENOENT", interpreter]);
  assert.deepEqual(refused(rig.dir), ["exec", "EACCES", `${rig.dir}: Permission denied (EACCES)`]);
}

/** A watchdog takes a shell: WATCHDOG_PID must be the child's own. */
async function refusedBehindShell(rig: Rig): Promise<void> {
  const env = { PATH: "/usr/bin:/bin", WATCHDOG_USEC: "1" };
  const [alien, loaderless] = [join(rig.dir, "alien"), join(rig.dir, "loaderless")];
  writeFileSync(alien, "\x7fELF of no machine");
  const bytes = readFileSync("/bin/true");
  const loader = bytes.indexOf("/ld-linux");
  bytes.write("/no", loader);
  writeFileSync(loaderless, bytes);
  for (const path of [alien, loaderless]) chmodSync(path, 0o755);
  const refused = async (path: string): Promise<unknown> => {
    const child = rig.spawn([path], { env });
    const { stage, code, message } = await child.until("spawn-failed");
    assert.deepEqual([child.seen("exited"), readStat(child.pid)], [undefined, null]);
    return [stage, code, message];
  };
  const absent = `${loaderless}: No such file or directory (ENOENT)`;
  assert.deepEqual(await refused(loaderless), ["exec", "ENOENT", absent]);
  assert.equal(((await refused(alien)) as string[])[0], "exec");
  for (const code of [1, 2, 125, 126, 127]) {
    const child = rig.shell(`exit ${code}`, { env });
    assert.deepEqual((await child.until("exited")).exit, { by: "code", code });
  }
}

async function foreignSurvivor(rig: Rig): Promise<void> {
  // The parent leaves the session; its child does not, and is reaped by it or, when it is gone too, by us.
  const parent = `use POSIX; exec "sleep", "100" if !($c = fork); POSIX::setsid(); $| = 1; print "$$ up"; waitpid $c, 0; sleep 100`;
  const child = rig.shell(`perl -e '${parent}' & while ! test -e go; do sleep 0.01; done`);
  await child.untilPrinted("up");
  writeFileSync(join(rig.dir, "go"), "");
  assert.equal((await child.until("exited")).survivors.length, 2);
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.until("emptied");
}

async function manyAtOnce(rig: Rig): Promise<void> {
  const before = openDescriptors();
  const children = Array.from({ length: 50 }, (_, i) => rig.shell(`exit ${i}`, { notify: true }));
  for (const [i, child] of children.entries()) {
    assert.deepEqual((await child.until("exited")).exit, { by: "code", code: i });
    assert.equal(readStat(child.pid), null);
  }
  for (const child of children) child.closePipes();
  assert.equal(openDescriptors(), before);
}

/** Whoever hears of an end takes a millisecond for it. */
async function endTogether(rig: Rig): Promise<void> {
  const children = Array.from({ length: 40 }, () => rig.spawn(["sleep", "100"]));
  for (const { invocation } of children) rig.processes.signal(invocation, "SIGKILL", "group");
  const areDead = (): boolean => children.every(({ pid }) => readStat(pid)?.state === "Z");
  for (const limit = performance.now() + 10_000; !areDead(); ) assert.ok(performance.now() < limit);
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  await rig.until("all ends", () => {
    for (const untilMs = performance.now() + 1; performance.now() < untilMs; );
    return children.every((child) => child.seen("exited"));
  });
  clearInterval(ticking);
  // A slice takes ten milliseconds where nobody asks.
  assert.ok(turns >= 3, `${turns} turns for others`);
}

async function flooded(rig: Rig): Promise<void> {
  const flood = rig.shell("exec cat /dev/zero");
  await rig.until("the flood", () => flood.stdoutBytes > 10_000_000);
  for (let round = 0; round < 20; round++) {
    const began = performance.now();
    await rig.spawn(["true"]).until("exited");
    const ms = performance.now() - began;
    assert.ok(ms < 2000, `an exit took ${ms} ms`);
  }
  const before = flood.stdoutBytes;
  await rig.until("the flood going on", () => flood.stdoutBytes > before);
}

/** How many turns of the event loop pass between a death and the word of it. */
async function turnsUntilHeard(rig: Rig): Promise<number> {
  const child = rig.spawn(["sleep", "1000000"]);
  const { pid } = await child.until("spawned");
  const turns = new Turns();
  libc.kill(pid, SIGKILL);
  await rig.until("it is a zombie", () => readStat(pid)?.state === "Z" || child.seen("exited"));
  const before = turns.count;
  await child.until("exited");
  turns.stop();
  return turns.count - before;
}

/** Counts the turns of the event loop. */
class Turns {
  count = 0;
  #isOver = false;

  constructor() {
    const next = (): void => {
      this.count++;
      if (!this.#isOver) setImmediate(next);
    };
    setImmediate(next);
  }

  stop(): void {
    this.#isOver = true;
  }
}
