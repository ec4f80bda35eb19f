import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { alike } from "../support/matrix.ts";
import { askOnce, noneFails } from "../support/none-fails.ts";
import { machineRefusal, withSystemd } from "../support/systemd-machine.ts";
import { apiUnit, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
const BOUND_MS = 20_000;
const RUNTIME_DIR = "/run/user/0";

/** A user's own systemd, as logind would start it, which needs D-Bus and PAM: neither is here, and neither matters to what it starts. */
const userManager = (home: string): string => `[Service]
Type=notify
ExecStart=/lib/systemd/systemd --user
Environment=HOME=${home} XDG_RUNTIME_DIR=${RUNTIME_DIR}
RuntimeDirectory=user/0
Delegate=yes
`;

if (machineRefusal !== null) console.log(`not run: the supervisor under a user's systemd: ${machineRefusal}`);

describe.skipIf(machineRefusal !== null).each(alike)("under a user's systemd, on $daemon", ({ daemon, service }) => {
  test(
    "service install --user starts it; reload, restart and stop do there what they do for the system",
    async () => {
      const address = `127.0.0.1:${await freePort()}`;
      const units = {
        "api.toml": apiUnit(service, { "socket.http": { listen_stream: JSON.stringify(address) } }),
        "writer.toml": shellUnit(
          'for f in "$STATE_DIRECTORY" "$RUNTIME_DIRECTORY" "$LOGS_DIRECTORY"; do touch "$f/x" && echo "$f"; done >folders; exec sleep 1000',
        ),
      };
      await withSystemd({ runtime: daemon, units }, async (root, machine) => {
        const environment = ["env", "-u", "XDG_CONFIG_HOME", `HOME=${root.path}`, `XDG_RUNTIME_DIR=${RUNTIME_DIR}`];
        const asUser = async (...argv: readonly string[]): Promise<string> => {
          const { code, stdout, stderr } = await machine.run(...environment, ...argv);
          if (code !== 0) throw new Error(`${argv.join(" ")}: exit code ${code}: ${stdout}${stderr}`);
          return stdout.trim();
        };
        const command = [...environment, "sh", machine.bin, "--root", root.path];
        const install = (...flags: readonly string[]) =>
          machine.run(...command, "service", "install", "--user", ...flags);
        const own = (order: string, ...args: readonly string[]) => asUser("systemctl", "--user", order, ...args);
        const mainPid = () => own("show", "--value", "--property=MainPID", "supervisor.service");
        await machine.unitFile("user-manager.service", userManager(root.path));
        await machine.systemctl("start", "user-manager.service");
        const before = await machine.processes();

        const { code, stdout } = await install();
        expect({ code, stdout }).toEqual({
          code: 0,
          stdout: expect.stringContaining("enable --now supervisor.service\n"),
        });
        expect(await own("is-active", "supervisor.service")).toBe("active");
        const first = await mainPid();
        await eventually(() => root.read("folders").split("\n").length === 4, BOUND_MS, "the writer has its folders");
        // Until 253 a user's state lies among the configuration.
        const state = `${root.path}/\\.(config|local/state)`;
        const folders = [`${state}/supervisor`, `${RUNTIME_DIR}/supervisor`, `${state}/log/supervisor`];
        expect(root.read("folders")).toMatch(new RegExp(`^${folders.join("\n")}\n$`));
        expect(await askOnce(address)).toMatchObject({ generation: 1 });
        await noneFails(root, address, () => own("reload", "supervisor.service"));
        expect(await askOnce(address)).toMatchObject({ generation: 2 });
        expect(await install("--sandbox")).toMatchObject({ code: 0 });
        await noneFails(root, address, () => own("restart", "supervisor.service"));
        expect(await mainPid()).not.toBe(first);
        expect(await own("show", "--value", "--property=NoNewPrivileges", "supervisor.service")).toBe("yes");
        const status = await machine.run("grep", "Seccomp:", `/proc/${await mainPid()}/status`);
        expect(status.stdout).toBe("Seccomp:\t2\n");
        await own("stop", "supervisor.service");
        expect(await machine.processes()).toEqual(before);
        await machine.systemctl("stop", "user-manager.service");
      });
    },
    LIMIT_MS,
  );
});
