import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { startDaemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
const units = {
  "crash.toml": shellUnit("sleep 0.2; exit 1", {
    service: { restart: '"always"', restart_sec: '"50ms"', start_limit_burst: "1000" },
  }),
  "talker.toml": shellUnit("while :; do echo tick; sleep 0.05; done"),
};
/** Every name that is written to, by whom it may be planted. */
const written = [
  "supervisor.lock",
  "supervisor.pid",
  "supervisor.pid.new",
  "supervisor.log",
  "control.sock",
  "control.token",
  "logs/talker.log",
  "logs/talker.log.index",
  "logs/talker.log.1",
  "history/talker.ndjson",
  "history/talker.ndjson.new",
];
const folders = ["logs", "history"];

for (const { daemon: runtime } of alike) {
  describe(`daemon on ${runtime}`, () => {
    test(
      "a state directory that is deleted is made anew, with its socket, its pid file and its lock, and supervision goes on",
      () =>
        withDaemon({ runtime, units }, async (daemon) => {
          const { main_pid } = await daemon.unit("talker");
          rmSync(daemon.stateDir, { recursive: true });
          const told = `${daemon.stateDir} was deleted and is made anew`;
          await eventually(() => daemon.read("tmp/daemon.log").includes(told), 10_000, "it is told");
          await eventually(() => daemon.status().catch(() => null), 10_000, "who asks is answered again");
          expect(daemon.read(".supervisor/supervisor.pid")).toBe(`${daemon.pid}\n`);
          expect([daemon.stateDir, daemon.controlPath].map(modeOf)).toEqual(["700", "600"]);
          const { restarts } = await daemon.unit("crash");
          await daemon.until("crash", (unit) => unit.restarts > restarts + 2, "who crashes is restarted");
          const log = join(daemon.stateDir, "logs/talker.log");
          await eventually(() => existsSync(log) && statSync(log).size > 0, 10_000, "the output is kept again");
          expect((await daemon.unit("talker")).main_pid).toBe(main_pid);
          expect((await daemon.cli("doctor")).stdout).toMatch(/OK {3}state directory/);

          const second = await daemon.cli("start");
          expect([second.code, second.stderr]).toEqual([1, expect.stringContaining("already")]);
        }),
      LIMIT_MS,
    );

    test(
      "a supervisor whose state directory is gone ends as it should",
      () =>
        withDaemon({ runtime, units }, async (daemon) => {
          rmSync(daemon.stateDir, { recursive: true });
          expect(await daemon.stop()).toEqual({ code: 0, signal: null });
        }),
      LIMIT_MS,
    );

    test(
      "what others may look into is closed to them at the start, and nobody's link is written through",
      () =>
        withRoot({ runtime, units }, async (root) => {
          for (const folder of folders) mkdirSync(join(root.stateDir, folder), { recursive: true });
          chmodSync(root.stateDir, 0o777);
          writeFileSync(join(root.path, "precious"), "precious");
          mkdirSync(join(root.path, "elsewhere"));
          const plant = (target: string, name: string): void =>
            symlinkSync(join(root.path, target), join(root.stateDir, name));
          for (const name of written) plant("precious", name);
          const refused = await root.cli("start");
          expect([refused.code, modeOf(root.stateDir)]).toEqual([1, "700"]);
          for (const name of written) {
            expect(refused.stderr).toContain(join(root.stateDir, name));
            rmSync(join(root.stateDir, name));
          }
          for (const name of folders) {
            rmSync(join(root.stateDir, name), { recursive: true });
            plant("elsewhere", name);
          }
          const again = await root.cli("start");
          expect(again.code).toBe(1);
          for (const name of folders) {
            expect(again.stderr).toContain(join(root.stateDir, name));
            rmSync(join(root.stateDir, name));
          }
          expect(readFileSync(join(root.path, "precious"), "utf8")).toBe("precious");
          expect(readdirSync(join(root.path, "elsewhere"))).toEqual([]);

          const daemon = startDaemon(root);
          await daemon.settled();
          expect(await daemon.stop()).toEqual({ code: 0, signal: null });
        }),
      LIMIT_MS,
    );
  });
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
