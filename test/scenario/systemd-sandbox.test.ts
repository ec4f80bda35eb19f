import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { alike } from "../support/matrix.ts";
import { askOnce, noneFails } from "../support/none-fails.ts";
import { machineRefusal, type SystemdMachine, withSystemd } from "../support/systemd-machine.ts";
import { apiUnit, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
const BOUND_MS = 20_000;
const SERVICE = "supervisor.service";
const FOLDERS = ["/var/lib/supervisor", "/run/supervisor", "/var/log/supervisor"];

/** Tries to write wherever a service may, and where none may, and says what came of it in the root. */
const TRIES = `for place in . "$STATE_DIRECTORY" "$RUNTIME_DIRECTORY" "$LOGS_DIRECTORY" /tmp /usr /etc /run; do
echo "$place $(touch "$place/tried" 2>/dev/null && echo written)"; done >tries.new; mv tries.new tries; exec sleep 1000`;

if (machineRefusal !== null) console.log(`not run: the sandbox under a real systemd: ${machineRefusal}`);

describe.skipIf(machineRefusal !== null).each(alike)("service install --sandbox, on $daemon", ({ daemon, service }) => {
  test(
    "services run, reload and outlive a crash in it, and write to their own folders alone",
    async () => {
      const address = `127.0.0.1:${await freePort()}`;
      const units = {
        "api.toml": apiUnit(service, {
          service: { user: '"daemon"', limit_nofile: "2048", nice: "-5", load_credential: '{ key = "secret" }' },
          "socket.http": { listen_stream: JSON.stringify(address) },
        }),
        "writer.toml": shellUnit(TRIES.replaceAll("\n", " ")),
      };
      await withSystemd({ runtime: daemon, units, files: { secret: "hush" } }, async (root, machine) => {
        // Its user has to get there.
        await machine.run("chmod", "755", root.path);
        expect(await machine.supervisor("service", "install", "--sandbox", "-q")).toMatchObject({
          code: 0,
          stderr: "",
        });
        expect(await machine.supervisor("service", "status")).toMatchObject({ code: 0, stderr: "" });
        const active = { code: 0, stdout: "active\nactive\n" };
        expect(await machine.supervisor("is-active", "api", "writer")).toMatchObject(active);
        await eventually(() => existsSync(join(root.path, "tries")), BOUND_MS, "the writer has tried");
        const written = [".", ...FOLDERS, "/tmp"].map((place) => `${place} written`);
        expect(root.read("tries")).toBe([...written, "/usr ", "/etc ", "/run ", ""].join("\n"));
        expect(await machine.property(SERVICE, "ProtectSystem")).toBe("strict");

        const before = await mainPid(machine, "writer");
        await noneFails(root, address, async (next) => {
          await machine.systemctl("reload", SERVICE);
          await machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", SERVICE);
          await eventually(async () => (await machine.property(SERVICE, "NRestarts")) === "1", BOUND_MS, "it is back");
          const isActive = async () => (await machine.property(SERVICE, "ActiveState")) === "active";
          await eventually(isActive, BOUND_MS, "it is active again");
          await next();
        });
        expect(await askOnce(address)).toMatchObject({ generation: 2 });
        expect(await mainPid(machine, "writer")).toBe(before);
        // Where those who have outlived it look, the folder is the one that everybody has.
        for (const root of ["", `/proc/${before}/root`]) {
          expect(await machine.run("ls", `${root}/run/supervisor/tried`)).toMatchObject({ code: 0 });
        }
        await machine.systemctl("stop", SERVICE);
        expect(await machine.processes()).toEqual([]);
      });
    },
    LIMIT_MS,
  );
});

/** As seen inside. */
async function mainPid(machine: SystemdMachine, unit: string): Promise<string> {
  return (await machine.supervisor("show", "--value", "-p", "main_pid", unit)).stdout.trim();
}
