import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Argv } from "../../../supervisor/unit/unit.ts";
import { openDescriptors } from "../../host/conformance/rig.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { alive } from "../../support/proc.ts";
import { GRACE_MS, newLife, type Rig, withRig } from "../rig.ts";

const LIMIT_MS = 400;

/** What runs, and what is made of it. */
const commands: readonly (readonly [script: string, ok: boolean, detail: string])[] = [
  ["exit 0", true, "exited with code 0"],
  ["echo fine; echo well >&2", true, "exited with code 0"],
  ["exit 2", false, "exited with code 2"],
  ["echo first; echo 'no database' >&2; echo; exit 2", false, "exited with code 2: no database"],
  ["printf 'half a line'; exit 1", false, "exited with code 1: half a line"],
  ["printf '\\033[31mred\\007\\n'; exit 1", false, "exited with code 1: [31mred"],
  ["head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end; exit 3", false, "exited with code 3: end"],
  ["kill -SEGV $$", false, "was killed by SIGSEGV"],
];

export const execCases: readonly Case[] = [
  {
    promise: "exit code 0 is success; what else ends a command is told with its last line",
    run: () =>
      withRig(async (rig) => {
        for (const [script, ok, detail] of commands) {
          const answer = await shell(rig, script);
          assert.deepEqual([script, answer.ok, answer.detail], [script, ok, detail]);
        }
      }),
  },
  {
    promise: "a command that cannot run is a failure with the reason",
    run: () =>
      withRig(async (rig) => {
        const { ok, detail } = await run(rig, ["/no/such/program"]);
        const reason = "could not run: /no/such/program: No such file or directory (ENOENT)";
        assert.deepEqual([ok, detail], [false, reason]);
      }),
  },
  {
    promise: "a command over its limit is killed with its whole group, and so is what one leaves behind",
    run: () => withRig(killed),
  },
  {
    promise: "a cancelled command is killed and answers nothing",
    run: () =>
      withRig(async (rig) => {
        const life = newLife();
        const ask = {
          tag: "exec",
          privileges: null,
          command: commandOf(rig, ["sh", "-c", "echo $$ > pid; sleep 100"]),
        } as const;
        rig.probing.ask({ invocation: life, kind: "liveness", ask, timeoutMs: 60_000 });
        const pid = await pidIn(rig, "pid");
        rig.probing.cancel(life);
        await eventually(() => !alive(pid), 5000, "the command's end");
        await shell(rig, "exit 0");
        assert.equal(rig.answers.length, 1);
      }),
  },
];

async function killed(rig: Rig): Promise<void> {
  const before = openDescriptors();
  const life = newLife();
  const began = performance.now();
  const late = await shell(rig, "sleep 100 & echo $! > child; echo $$ > leader; trap '' TERM; wait", life);
  const tookMs = performance.now() - began;
  assert.deepEqual([late.ok, late.detail], [false, "gave no answer within 400ms"]);
  assert.ok(tookMs >= LIMIT_MS - 5 && tookMs < LIMIT_MS + GRACE_MS, String(tookMs));
  // The next question does not fail because the killed one is not reaped yet.
  const left = await shell(rig, "sleep 100 & echo $! > left; exit 4", life);
  assert.deepEqual([left.ok, left.detail], [false, "exited with code 4"]);
  for (const file of ["child", "leader", "left"]) {
    const pid = await pidIn(rig, file);
    await eventually(() => !alive(pid), 5000, `the end of ${file}`);
  }
  await eventually(() => openDescriptors() === before, 5000, "its pipes closed");
}

function shell(rig: Rig, script: string, life = newLife()) {
  return run(rig, ["/bin/sh", "-c", script], life);
}

function run(rig: Rig, argv: Argv, life = newLife()) {
  const isLong = argv.some((word) => word.includes("/dev/zero"));
  return rig.ask({ tag: "exec", privileges: null, command: commandOf(rig, argv) }, isLong ? 10_000 : LIMIT_MS, life);
}

function commandOf(rig: Rig, argv: Argv) {
  return { argv, env: { PATH: "/usr/bin:/bin" }, cwd: rig.dir };
}

async function pidIn(rig: Rig, file: string): Promise<number> {
  const path = join(rig.dir, file);
  return eventually(() => existsSync(path) && Number(readFileSync(path, "utf8")), 5000, file);
}
