import { describe, expect, test } from "bun:test";
import { withDaemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";

const units = {
  "api.toml": `[unit]
requires = ["redis"]
[service]
type = "simple"
exec_start = ["sh", "-c", "sleep 1000 & echo made; wait"]
environment = { TOKEN = "hunter2" }
[socket.http]
listen_stream = "127.0.0.1:0"
`,
  "redis.toml": '[service]\ntype = "simple"\nexec_start = ["sleep", "1001"]\n',
};

describe.each(alike)("on $daemon", ({ daemon: runtime }) => {
  test(
    "what runs can be looked at from every side",
    () =>
      withDaemon({ runtime, units }, async ({ cli, until, unit }) => {
        await until("api", ({ active_state }) => active_state === "active", "api is active");
        const { main_pid } = await unit("api");
        let shown = "";
        // The shell's child is there once it has said so, which is in the output that status ends with.
        for (let round = 0; round < 50 && !/\n\nmade\n$/.test(shown); round++)
          shown = (await cli("status", "api")).stdout;
        expect(shown).toContain("      Tasks: 2\n");
        expect(shown).toMatch(new RegExp(`  Processes: └─ ${main_pid} \\S*sh -c .*\\n {16}└─ \\d+ sleep 1000\\n`));

        const properties = (await cli("show", "api", "-p", "MainPID,ActiveState,Requires,Environment")).stdout;
        expect(properties).toBe(`MainPID=${main_pid}\nActiveState=active\nRequires=redis\nEnvironment=TOKEN\n`);

        const doctor = await cli("doctor");
        expect(doctor.stdout).toMatch(/^OK +port api\/http +127\.0\.0\.1:0 is held by the supervisor$/m);
        expect(doctor.code).toBe(0);

        expect(await cli("wait", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
        const [waited] = await Promise.all([
          cli("wait", "api", "--for", "stopped", "--timeout", "30s"),
          cli("stop", "api"),
        ]);
        expect(waited).toEqual({ code: 0, stdout: "", stderr: "" });
        expect(await cli("wait", "api", "--timeout", "200ms")).toMatchObject({ code: 124 });
      }),
    60_000,
  );
});
