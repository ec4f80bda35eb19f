import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyFile } from "../../supervisor/host/credential/key-file.ts";
import { type SealOrder, seal } from "../../supervisor/host/credential/sealed.ts";
import { settledDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { type Root, withRoot } from "../support/root.ts";
import { SAY_READY, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 120_000;
const load_credential_encrypted = '{ db = "db.cred" }';
const holder = shellUnit(`cat $CREDENTIALS_DIRECTORY/db; echo; ${SAY_READY}; exec sleep 1000`, {
  service: { type: '"notify"', load_credential_encrypted, timeout_stop_sec: '"20s"' },
  handover: { soak_sec: '"50ms"' },
});
/** Waits for somebody who opens the gate, then prints the keys. */
const asking = JSON.stringify(["/bin/sh", "-c", "cat tmp/gate creds.key"]);
const config = { "local.toml": `[credentials]\nkey_command = ${asking}\n` };

for (const { daemon: runtime } of alike) {
  test(
    `a reload with a credential that cannot be had keeps the old generation and what it holds: ${runtime}`,
    async () => {
      await withRoot({ runtime, units: { "holder.toml": holder } }, async (root) => {
        const order = {
          name: "db",
          notAfterMs: null,
          key: createKeyFile(join(root.stateDir, "creds.key"), new Date()),
        };
        write(root, "first", order);
        const daemon = await settledDaemon(root);
        await printed(root, "first\n");
        const before = await daemon.unit("holder");

        write(root, "other", { ...order, name: "cache" });
        const refused = await daemon.cli("reload", "holder");
        expect(refused.code).toBe(8);
        expect(refused.stderr).toContain(`credential db: ${root.path}/db.cred: was encrypted as "cache", not as "db"`);
        expect((await daemon.unit("holder")).main_pid).toBe(before.main_pid);
        expect(held(root)).toEqual(["first"]);

        write(root, "second", order);
        expect(await daemon.cli("reload", "holder")).toMatchObject({ code: 0 });
        await printed(root, "second\n");
        await eventually(
          () => held(root).join() === "second",
          5_000,
          "only the new one is there",
          () => held(root),
        );
        expect(await daemon.stop()).toEqual({ code: 0, signal: null });
      });
    },
    LIMIT_MS,
  );

  test(
    `a start waits for a slow key command, holds up nobody, and can be stopped meanwhile: ${runtime}`,
    async () => {
      const units = { "holder.toml": `[unit]\nenabled = false\n${holder}`, "other.toml": shellUnit("exec sleep 1000") };
      await withRoot({ runtime, units, config }, async (root) => {
        const key = createKeyFile(join(root.path, "creds.key"), new Date());
        write(root, "first", { name: "db", notAfterMs: null, key });
        execFileSync("mkfifo", [join(root.path, "tmp/gate")]);
        const daemon = await settledDaemon(root);
        expect(await daemon.cli("start", "holder", "--no-block")).toMatchObject({ code: 0 });
        const waiting = await daemon.until("holder", ({ sub_state }) => sub_state === "start", "it is being started");
        expect([waiting.main_pid, (await daemon.unit("other")).active_state]).toEqual([null, "active"]);
        // Less than its stop may take: nobody is there who would have to go.
        expect(await daemon.cli("stop", "holder", "--timeout", "8s")).toMatchObject({ code: 0 });
        expect((await daemon.unit("holder")).active_state).toBe("inactive");

        // Whoever asks now asks for the same keys as the one that was stopped.
        const started = daemon.cli("start", "holder");
        await daemon.until("holder", ({ sub_state }) => sub_state === "start", "it is being started again");
        writeFileSync(join(root.path, "tmp/gate"), "");
        expect(await started).toMatchObject({ code: 0 });
        await printed(root, "first\n");
        expect(held(root)).toEqual(["first"]);
        rmSync(join(root.path, "tmp/gate"));
        expect(await daemon.stop()).toEqual({ code: 0, signal: null });
        expect(held(root)).toEqual([]);
      });
    },
    LIMIT_MS,
  );
}

function write(root: Root, secret: string, order: SealOrder): void {
  root.write("db.cred", seal(Buffer.from(secret), order));
}

/** What the services have of it now. */
function held({ stateDir }: Root): readonly string[] {
  const folder = join(stateDir, "credentials");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((life) => readFileSync(join(folder, life, "db"), "utf8"));
}

async function printed({ stateDir }: Root, text: string): Promise<void> {
  const log = join(stateDir, "logs/holder.log");
  const all = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  await eventually(() => all().includes(text), 10_000, "it has read its secret", all);
}
