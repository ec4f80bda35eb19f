import { expect, test } from "bun:test";
import { startDaemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { shellUnit } from "../support/unit-text.ts";

const BOUND_MS = 20_000;
const once = { restart: '"no"' };

/** What ends how, and the exit code that the supervisor then has. */
const ends = [
  { how: "exit code 0", line: "sleep 0.2", service: once, code: 0 },
  { how: "exit code 7", line: "exit 7", service: once, code: 7 },
  { how: "a code that counts as success", line: "exit 9", service: { ...once, success_exit_status: "[9]" }, code: 9 },
  { how: "SIGKILL", line: "kill -KILL $$", service: once, code: 137 },
  { how: "a program that is not there", line: "", service: { ...once, exec_start: '["/nowhere/bunn"]' }, code: 1 },
  {
    how: "its third failure, after two restarts",
    line: "echo x >> tries; exit $(wc -l < tries)",
    service: { restart: '"always"', restart_sec: '"10ms"', start_limit_burst: "3" },
    code: 3,
  },
  { how: "exit code 0 before it was ready", line: "exit 0", service: { ...once, type: '"notify"' }, code: 1 },
] as const;

for (const { daemon: runtime } of alike) {
  for (const { how, line, service, code } of ends) {
    test(`a supervisor that ends with a unit has its exit code: ${how}, on ${runtime}`, async () => {
      const units = { "it.toml": shellUnit(line, { service }), "other.toml": shellUnit("exec sleep 1000") };
      await withRoot({ runtime, units }, async (root) => {
        const daemon = startDaemon(root, ["--exit-with", "it"]);
        expect(await daemon.ended(BOUND_MS)).toEqual({ code, signal: null });
      });
    }, 60_000);
  }

  test(`a unit that is not enabled is started to end with it; a name that no unit has is exit code 5: ${runtime}`, async () => {
    const units = { "migrate.toml": shellUnit("exit 4", { unit: { enabled: "false" }, service: once }) };
    await withRoot({ runtime, units }, async (root) => {
      expect(await startDaemon(root, ["--exit-with", "migrate"]).ended(BOUND_MS)).toEqual({ code: 4, signal: null });
      const refused = await root.cli("start", "--exit-with", "migrat");
      expect(refused).toEqual({
        code: 5,
        stdout: "",
        stderr: 'supervisor start: --exit-with: there is no unit "migrat" (did you mean `migrate`?)\n',
      });
    });
  }, 60_000);

  test(`a unit that cannot start, since what it requires has failed, ends it too: ${runtime}`, async () => {
    const units = {
      "it.toml": shellUnit("exec sleep 1000", { unit: { requires: '["db"]' } }),
      "db.toml": shellUnit("exit 1", { service: { ...once, type: '"notify"' } }),
    };
    await withRoot({ runtime, units }, async (root) => {
      expect(await startDaemon(root, ["--exit-with", "it"]).ended(BOUND_MS)).toEqual({ code: 1, signal: null });
    });
  }, 60_000);

  test(`a restart and a stop by an operator are no end: ${runtime}`, async () => {
    const units = { "it.toml": shellUnit("exec sleep 1000") };
    await withRoot({ runtime, units }, async (root) => {
      const daemon = startDaemon(root, ["--exit-with", "it"]);
      await daemon.settled();
      for (const verb of ["restart", "stop", "start"]) expect((await root.cli(verb, "it")).code).toBe(0);
      expect(await daemon.unit("it")).toMatchObject({ active_state: "active" });
      expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    });
  }, 60_000);
}

test("with units, --exit-with is wrong usage: it belongs to the start of the supervisor", async () => {
  await withRoot({ runtime: "bun", units: {} }, async (root) => {
    const { code, stderr } = await root.cli("start", "api", "--exit-with", "api");
    expect(code).toBe(2);
    expect(stderr).toContain("--exit-with");
  });
});
