// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { chmodSync, existsSync, lstatSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { SAY_READY, shellUnit } from "../support/unit-text.ts";

const isRoot = process.getuid?.() === 0;
const TELL = `cat "$1" "$CREDENTIALS_DIRECTORY/tls_cert"; ls "$CREDENTIALS_DIRECTORY"; ${SAY_READY}; exec sleep 1000`;

const unitsOf = (user: Readonly<Record<string, string>>) => ({
  "holder.toml": shellUnit(TELL, {
    service: {
      type: '"notify"',
      exec_start: JSON.stringify(["/bin/sh", "-c", TELL, "holder", "${CREDENTIALS_DIRECTORY}/db"]),
      load_credential: '{ db = "keys/%n", tls = "%r/keys/tls" }',
      ...user,
      working_directory: '"/"',
    },
    handover: { soak_sec: '"100ms"' },
  }),
  "lost.toml": shellUnit("exec sleep 1000", {
    unit: { enabled: "false" },
    service: { load_credential: '{ db = "keys/gone" }', restart: '"no"' },
  }),
});
const files = { "keys/holder": "first\n", "keys/tls/cert": "a certificate\n" };

for (const { daemon: runtime } of alike) {
  test(`each life of a unit has copies of its own secrets, and none is left behind: ${runtime}`, async () => {
    const units = unitsOf(isRoot ? { user: '"nobody"', group: '"4712"' } : {});
    await withRoot({ runtime, units, files }, async (root) => {
      // The folder for temporary files lies below it, and is where another user's notify socket is put.
      chmodSync(root.path, 0o755);
      chmodSync(`${root.path}/keys/holder`, 0o600);
      const daemon = startDaemon(root);
      await daemon.settled();
      await printed(daemon, "first\na certificate\ndb\ntls_cert\n");
      const first = await directoryOf(daemon);
      expect(statSync(first).mode & 0o777).toBe(0o500);

      daemon.write("keys/holder", "second\n");
      expect(await daemon.cli("reload", "holder")).toMatchObject({ code: 0 });
      await printed(daemon, "second\na certificate\n");
      const second = await directoryOf(daemon);
      expect(existsSync(second)).toBe(true);
      await eventually(() => !existsSync(first), 5_000, "the first life's secrets are gone");

      const { code, stderr } = await daemon.cli("start", "lost");
      const why = `credential db: ${root.path}/keys/gone: No such file or directory (ENOENT)`;
      expect([code, stderr.trim()]).toEqual([1, `start lost: failed at stage credential: ${why}`]);

      expect(await daemon.stop()).toEqual({ code: 0, signal: null });
      expect([existsSync(dirname(second)), isThere(`${root.stateDir}/credentials`)]).toEqual([false, false]);
    });
  }, 60_000);

  test(`what a killed supervisor left of secrets is gone with the next start: ${runtime}`, async () => {
    await withRoot({ runtime, units: unitsOf({}), files }, async (root) => {
      const killed = startDaemon(root);
      await killed.settled();
      const left = await directoryOf(killed);
      const { main_pid } = await killed.unit("holder");
      killed.signal("SIGKILL");
      await killed.ended(5_000);
      process.kill(main_pid ?? 0, "SIGKILL");
      expect(existsSync(`${left}/db`)).toBe(true);
      const next = startDaemon(root);
      await next.settled();
      expect(existsSync(left)).toBe(false);
      expect(await directoryOf(next)).not.toBe(left);
      expect(await next.stop()).toEqual({ code: 0, signal: null });
    });
  }, 60_000);
}

async function directoryOf(daemon: Daemon): Promise<string> {
  const { main_pid } = await daemon.unit("holder");
  const environ = readFileSync(`/proc/${main_pid}/environ`, "utf8").split("\0");
  return environ.find((pair) => pair.startsWith("CREDENTIALS_DIRECTORY="))?.split("=")[1] ?? "";
}

async function printed(daemon: Daemon, text: string): Promise<void> {
  const log = `${daemon.path}/.supervisor/logs/holder.log`;
  const all = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  await eventually(() => all().includes(text), 5_000, "it has read its secrets", all);
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
