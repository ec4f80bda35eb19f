import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkStateDirectory } from "../../supervisor/cli/doctor/state-directory.ts";
import { askControl } from "../support/control.ts";
import { type Daemon, startDaemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { failWrites, strikeRefusal, writtenFiles } from "../support/failing-writes.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { mountRefusal, type SmallDisk, withSmallDisk } from "../support/small-disk.ts";
import { SAY_READY, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
if (mountRefusal !== null) console.log(`no disk is filled or made read-only: ${mountRefusal}`);
if (strikeRefusal !== null) console.log(`no write is made to fail: ${strikeRefusal}`);

const units = {
  "crash.toml": shellUnit("sleep 0.2; exit 1", {
    service: { restart: '"always"', restart_sec: '"50ms"', start_limit_burst: "1000" },
  }),
  // Prints more than a pipe holds, again and again: were nobody to read it, it would stand still and not count on.
  "talker.toml": shellUnit(
    `${SAY_READY}; n=0; while :; do n=$((n+1)); head -c 99999 /dev/zero | tr '\\0' x; echo; echo $n > ../beat; sleep 0.05; done`,
    { service: { type: '"notify"', working_directory: '"%r/tmp"' }, handover: { soak_sec: '"50ms"' } },
  ),
};

for (const { daemon: runtime } of alike) {
  describe.skipIf(mountRefusal !== null)(`daemon on ${runtime}`, () => {
    const onSmallDisk = (use: (daemon: Daemon, disk: SmallDisk) => Promise<void>) =>
      withRoot({ runtime, units }, (root) =>
        withSmallDisk(root.stateDir, async (disk) => {
          const daemon = startDaemon(root);
          await daemon.settled();
          await use(daemon, disk);
          expect(await daemon.stop()).toEqual({ code: 0, signal: null });
        }),
      );

    test(
      "on a full disk supervision goes on, no service waits, what is lost is counted and said, and all is well again",
      () =>
        onSmallDisk(async (daemon, disk) => {
          disk.fill();
          await eventually(async () => (await lost(daemon)) > 3, 10_000, "lines are dropped, and counted");
          await expectAlive(daemon);
          const full = /free space: .* free in/;
          expect((await daemon.cli("status")).stderr).toMatch(full);
          expect((await daemon.cli("status", "talker")).stdout).toMatch(/\d+ lines of its output could not be written/);
          expect(await daemon.cli("doctor")).toMatchObject({
            code: 1,
            stdout: expect.stringMatching(/FAIL free space/),
          });

          disk.free();
          const log = () => daemon.read(".supervisor/logs/talker.log");
          await eventually(() => /-- supervisor: \d+ lines lost: No space/.test(log()), 10_000, "the output goes on");
          const count = await lost(daemon);
          await expectAlive(daemon);
          expect(await lost(daemon)).toBe(count);
          expect((await daemon.cli("status")).stderr).toBe("");
          expect((await daemon.cli("doctor")).stdout).toMatch(/OK {3}free space|WARN free space/);
          await eventually(() => isTold(daemon, "crash"), 10_000, "its history goes on");
        }),
      LIMIT_MS,
    );

    test(
      "in a read-only state directory supervision goes on and it is said, and all is well when it can be written again",
      () =>
        onSmallDisk(async (daemon, disk) => {
          const readOnly = disk.readOnly();
          const { stderr } = await daemon.cli("status");
          expect(stderr).toContain(`${daemon.stateDir} cannot be written`);
          expect(await daemon.cli("doctor")).toMatchObject({
            code: 1,
            stdout: expect.stringMatching(/FAIL state directory/),
          });
          await eventually(() => /history\.failed/.test(daemon.read("tmp/daemon.log")), 10_000, "the journal tells");
          await daemon.until("crash", ({ restarts }) => restarts > 3, "who crashes is restarted");
          readOnly.end();
          await expectAlive(daemon);
          expect((await daemon.cli("status")).stderr).toBe("");
          await eventually(() => isTold(daemon, "crash"), 10_000, "its history goes on");
        }),
      LIMIT_MS,
    );
  });
}

for (const { daemon: runtime } of alike) {
  test.skipIf(strikeRefusal !== null)(
    `on a disk whose writes fail supervision goes on, what is lost is counted and said, and all is well again: ${runtime}`,
    () =>
      withDaemon({ runtime, units }, async (daemon) => {
        const failing = writtenFiles(
          daemon.stateDir,
          Object.keys(units).map((file) => file.replace(".toml", "")),
        );
        await failWrites(daemon.pid, failing, 200, join(daemon.path, "strace.log"));
        await eventually(async () => (await lost(daemon)) > 3, 20_000, "lines are dropped, and counted");
        await expectAlive(daemon);
        expect((await daemon.cli("status", "talker")).stdout).toMatch(/\d+ lines of its output could not be written/);
        expect(daemon.read("tmp/daemon.log")).toContain("Input/output error (EIO)");

        const log = () => daemon.read(".supervisor/logs/talker.log");
        await eventually(() => /-- supervisor: \d+ lines lost: Input/.test(log()), 20_000, "the output goes on");
        const count = await lost(daemon);
        await expectAlive(daemon);
        expect(await lost(daemon)).toBe(count);
        await eventually(() => isTold(daemon, "crash"), 10_000, "its history goes on");
      }),
    LIMIT_MS,
  );
}

test.skipIf(mountRefusal !== null)("a disk that has room, but no file more, is told as full", async () => {
  await withRoot({ runtime: "bun", units }, (root) =>
    withSmallDisk(
      root.stateDir,
      async () => {
        const [free] = checkStateDirectory(root.stateDir).filter(({ check }) => check === "free space");
        expect(free).toMatchObject({ result: "FAIL", detail: `no file can be made any more in ${root.stateDir}` });
      },
      ",nr_inodes=1",
    ),
  );
});

/** Who crashes is restarted, a reload goes well, and who prints is not held up. */
async function expectAlive(daemon: Daemon): Promise<void> {
  const { restarts } = await daemon.unit("crash");
  await daemon.until("crash", (unit) => unit.restarts > restarts + 1, "who crashes is restarted");
  expect(await daemon.cli("reload", "talker")).toMatchObject({ code: 0 });
  const beat = daemon.read("beat");
  await eventually(() => daemon.read("beat") !== beat, 5_000, "who prints goes on");
}

/** How many lines of the talker's could not be written. */
async function lost(daemon: Daemon): Promise<number> {
  const reply = await askControl(daemon.controlPath, "/v1/units/talker");
  return Number(/(\d+) lines? of its output could not/.exec(reply?.body ?? "")?.[1] ?? 0);
}

/** Whether the last thing that is written of it is no older than a second. */
function isTold(daemon: Daemon, unit: string): boolean {
  const path = `.supervisor/history/${unit}.ndjson`;
  // It is made when the first that is to be written in it has waited for more.
  if (!existsSync(join(daemon.path, path))) return false;
  const wholeLines = daemon.read(path).split("\n").slice(0, -1);
  const { at = "" } = JSON.parse(wholeLines.at(-1) ?? "{}") as { at?: string };
  return Date.now() - Date.parse(at) < 1000;
}
