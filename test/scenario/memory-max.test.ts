import { expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { withDaemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { memoryLimitRefusal } from "../support/memory-limit.ts";
import { actor } from "../support/releases.ts";
import { underLoad } from "../support/under-load.ts";
import { shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
/** Room for a runtime and a service, and no more. */
const MEMORY_MAX = "200M";

if (memoryLimitRefusal !== null) console.error(`not run: a release that leaks until memory_max: ${memoryLimitRefusal}`);

for (const { daemon: runtime, service } of alike) {
  test.skipIf(memoryLimitRefusal !== null)(
    `a release that leaks until memory_max is taken back, and told: ${runtime}`,
    () => {
      const unit = shellUnit("", {
        service: {
          type: '"notify"',
          exec_start: '["/bin/sh", "script"]',
          restart_sec: '"50ms"',
          memory_max: JSON.stringify(MEMORY_MAX),
        },
        "socket.http": { listen_stream: '"127.0.0.1:0"', backlog: "4096" },
        handover: { soak_sec: '"200ms"', drain_sec: '"10s"' },
      });
      const config = { "local.toml": '[release]\nexclude = ["tmp"]\nrollback_after_ms = 10000\n' };
      const files = { script: `${actor(service)}\n` };
      return withDaemon({ runtime, units: { "api.toml": unit }, config, files }, async (daemon) => {
        daemon.write("config/local.toml", config["local.toml"].replace("10000", "500"));
        expect(await daemon.cli("deploy", ".", "--id", "good")).toMatchObject({ code: 0, stderr: "" });
        daemon.write("config/local.toml", config["local.toml"]);
        daemon.write("script", `${actor(service, "leak 300")}\n`);
        const { requests } = await underLoad(daemon, async () => {
          const { code, stderr } = await daemon.cli("deploy", ".", "--id", "leaking");
          expect([code, stderr]).toEqual([8, expect.stringContaining("SIGKILL (out of memory)")]);
        });
        expect(requests).toBeGreaterThan(0);
        const { main_pid, release } = await daemon.unit("api");
        expect([release, readlinkSync(`/proc/${main_pid}/cwd`)]).toEqual([
          "good",
          join(daemon.stateDir, "releases/good/tree"),
        ]);
      });
    },
    LIMIT_MS,
  );
}
