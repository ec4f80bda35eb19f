import { expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type Daemon, settledDaemon } from "../support/daemon.ts";
import { more, startLoad } from "../support/load.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { apiUnit, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;

async function stop(daemon: Daemon): Promise<void> {
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
}

for (const { daemon: runtime, service } of alike) {
  const other = runtime === "bun" ? "deno" : "bun";

  test(
    `B11: the supervisor's own program is replaced, from Bun to Deno and back: same process, no request fails, no line is lost: ${runtime}`,
    async () => {
      const units = {
        "api.toml": apiUnit(service),
        "lines.toml": shellUnit("i=0; while :; do i=$((i+1)); echo $i; sleep 0.005; done"),
        "short.toml": shellUnit("exec sleep 1000000", { service: { restart: '"always"', restart_sec: '"0"' } }),
      };
      await withRoot({ runtime, units }, async (root) => {
        const daemon = await settledDaemon(root);
        const before = (await daemon.status()).units.map(({ main_pid }) => main_pid);
        const [{ address = "" } = {}] = (await daemon.unit("api")).listeners;
        const load = await startLoad({ address, keepAlive: 8, oneShot: 8 }, root.environment);
        const asker = new Asker(daemon.controlPath);
        for (const next of [other, runtime, runtime] as const) {
          await more(load);
          root.environment.SUPERVISOR_RUNTIME = next;
          const { code, stdout, stderr } = await daemon.cli("daemon-reexec");
          expect([code, stderr]).toEqual([0, ""]);
          expect(stdout).toMatch(new RegExp(`^supervisor: now .* on ${next} .*, pid ${daemon.pid}\n$`));
          const { supervisor, units: after } = await daemon.status();
          expect([supervisor.pid, supervisor.runtime.split(" ")[0]]).toEqual([daemon.pid, next]);
          expect(after.map(({ main_pid }) => main_pid)).toEqual(before);
        }
        // They are still its children: it hears at once how one ends.
        const { main_pid: short } = await daemon.unit("short");
        process.kill(short ?? 0, "SIGSEGV");
        await daemon.until("short", (unit) => unit.restarts === 1, "it is back");
        expect((await daemon.unit("short")).last_exit?.signal).toBe("SIGSEGV");
        // Whoever asks meanwhile, with whatever client, has an answer.
        expect(await asker.stop()).toEqual({ refused: [] });
        await more(load);
        const { failed, samples } = await load.stop();
        expect([failed, samples]).toEqual([0, []]);
        await stop(daemon);
        const lines = root.read(".supervisor/logs/lines.log").trimEnd().split("\n").map(Number);
        expect(lines).toEqual(lines.map((_, index) => index + 1));
      });
    },
    LIMIT_MS,
  );

  test(
    `B11: a next program that cannot go on here is refused with what it says, and nothing has happened: ${runtime}`,
    async () => {
      await withRoot({ runtime, units: { "it.toml": shellUnit("exec sleep 1000000") } }, async (root) => {
        const daemon = await settledDaemon(root);
        const { started_at } = (await daemon.status()).supervisor;
        const state = join(root.stateDir, "state.jsonl");
        const text = root.read(".supervisor/state.jsonl");
        root.write("units/it.toml", '[service]\ntype = "nonsense"\n');
        const invalid = await daemon.cli("daemon-reexec");
        expect([invalid.code, invalid.stderr]).toEqual([1, expect.stringContaining("units/it.toml:2: service.type")]);
        root.write("units/it.toml", shellUnit("exec sleep 1000000"));
        writeFileSync(state, '{"format":99}\n');
        const newer = await daemon.cli("daemon-reexec");
        expect([newer.code, newer.stderr]).toEqual([
          1,
          expect.stringContaining("not in a format that this version reads"),
        ]);
        writeFileSync(state, text);
        expect((await daemon.status()).supervisor.started_at).toBe(started_at);
        expect((await daemon.unit("it")).active_state).toBe("active");
        await stop(daemon);
      });
    },
    LIMIT_MS,
  );

  test(
    `B11: through the link that it was started by, it becomes the version that the link leads to now: ${runtime}`,
    async () => {
      await withRoot({ runtime, units: { "it.toml": shellUnit("exec sleep 1000000") } }, async (root) => {
        const real = new URL("../../supervisor/bin.sh", import.meta.url).pathname;
        const link = join(root.path, "current");
        mkdirSync(join(root.path, "next"));
        symlinkSync(real, link);
        const daemon = await settledDaemon({ ...root, launch: (args, fd) => root.launch(args, fd, link) });
        const { main_pid } = await daemon.unit("it");
        root.write("next/bin.sh", `#!/bin/sh\ntouch "${root.path}/was-here"\nexec sh ${real} "$@"\n`);
        rmSync(link);
        symlinkSync(join(root.path, "next/bin.sh"), link);
        expect((await daemon.cli("daemon-reexec")).code).toBe(0);
        expect(existsSync(join(root.path, "was-here"))).toBe(true);
        expect((await daemon.unit("it")).main_pid).toBe(main_pid);
        await stop(daemon);
      });
    },
    LIMIT_MS,
  );
}

/** Asks the control socket again and again, with a connection of its own each time. */
class Asker {
  readonly #over: Promise<readonly string[]>;
  #isStopped = false;

  constructor(path: string) {
    this.#over = this.#ask(path);
  }

  async stop(): Promise<Readonly<{ refused: readonly string[] }>> {
    this.#isStopped = true;
    return { refused: await this.#over };
  }

  async #ask(path: string): Promise<readonly string[]> {
    const refused: string[] = [];
    while (!this.#isStopped) {
      const said = await this.#once(path);
      if (!said.startsWith("HTTP/1.1 200 OK")) refused.push(said);
    }
    return refused;
  }

  /** The answer, or why there was none. */
  #once(path: string): Promise<string> {
    return new Promise((resolve) => {
      let said = "";
      const socket = connect(path, () => socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
      socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
      socket.on("data", (part) => {
        said += part;
      });
      socket.on("error", (error) => resolve(error.message));
      socket.on("close", () => resolve(said || "closed without a word"));
    });
  }
}
