import { expect } from "bun:test";
import { fileURLToPath } from "node:url";
import { withDaemon } from "../../support/daemon.ts";
import { alike } from "../../support/matrix.ts";
import { testWith } from "../../support/test-with.ts";

const script = fileURLToPath(new URL("./libsystemd.py", import.meta.url));

const unit = `
[service]
type = "notify"
exec_start = ["python3", ${JSON.stringify(script)}, "facts.json"]
watchdog_sec = "20s"
restart_sec = "10ms"

[socket.http]
listen_stream = "127.0.0.1:0"

[socket.admin]
listen_stream = "%r/admin.sock"
`;

for (const { daemon: runtime } of alike) {
  testWith(
    ["python3"],
    `G21: libsystemd finds listeners, names, watchdog, barrier and stored descriptors as under systemd: ${runtime}`,
    async () => {
      await withDaemon({ runtime, units: { "known.toml": unit } }, async (daemon) => {
        const facts = {
          names: ["http", "admin"],
          watchdog: [1, 20_000_000],
          is_socket: 1,
          is_inet: 1,
          is_unix: 1,
          cloexec: [true, true],
          kept: null,
          stored: true,
          barrier: true,
          status: true,
          alive: true,
        };
        expect(JSON.parse(daemon.read("facts.json"))).toEqual(facts);
        const first = await daemon.unit("known");
        expect(first).toMatchObject({ active_state: "active", status_text: "known by libsystemd" });

        process.kill(first.main_pid ?? 0, "SIGKILL");
        await daemon.until(
          "known",
          (now) => now.active_state === "active" && now.main_pid !== first.main_pid,
          "the next one is ready",
        );
        const { stored: _, ...next } = { ...facts, names: ["http", "admin", "kept"], kept: "from once" };
        expect(JSON.parse(daemon.read("facts.json"))).toEqual(next);
      });
    },
  );
}
