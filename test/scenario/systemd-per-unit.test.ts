import { describe, expect, test } from "bun:test";
import { freePort } from "../support/free-port.ts";
import { alike } from "../support/matrix.ts";
import { askOnce, noneFails } from "../support/none-fails.ts";
import { machineRefusal, withSystemd } from "../support/systemd-machine.ts";
import { apiUnit, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
const FOLDER = "/etc/systemd/system";

if (machineRefusal !== null) console.log(`not run: native units under a real systemd: ${machineRefusal}`);

describe.skipIf(machineRefusal !== null).each(alike)("without a supervisor, on $daemon", ({ daemon, service }) => {
  test(
    "native units start in order with their listener, reload, restart without a failed request, and leave nothing",
    async () => {
      const address = `127.0.0.1:${await freePort()}`;
      const units = {
        "api.toml": apiUnit(service, {
          unit: { requires: '["db"]' },
          service: {
            reload_mode: '"signal"',
            exec_reload: `[["/bin/sh", "-c", "echo $1 > reloaded", "sh", "$MAINPID"]]`,
          },
          "socket.http": { listen_stream: JSON.stringify(address) },
        }),
        "db.toml": shellUnit("echo $$ > db; exec sleep 1000"),
      };
      await withSystemd({ runtime: daemon, units }, async (root, machine) => {
        const mainPid = async () => Number(await machine.property("api.service", "MainPID"));
        const state = (unit: string) => machine.property(unit, "ActiveState");
        const generated = await machine.supervisor("generate", "systemd", "--per-unit", "--out", FOLDER, "--verify");
        expect(generated).toMatchObject({ code: 0 });
        await machine.systemctl("daemon-reload");
        await machine.systemctl("enable", "--now", "api.service");
        expect([await state("api.service"), await state("api-http.socket")]).toEqual(["active", "active"]);
        const first = await mainPid();
        expect(await askOnce(address)).toMatchObject({ pid: first });
        expect(Number(root.read("db"))).toBe(Number(await machine.property("db.service", "MainPID")));

        await machine.systemctl("reload", "api.service");
        expect([root.read("reloaded"), await mainPid()]).toEqual([`${first}\n`, first]);
        await noneFails(root, address, () => machine.systemctl("restart", "api.service"));
        expect(await askOnce(address)).toMatchObject({ pid: await mainPid() });
        expect(await mainPid()).not.toBe(first);

        // One or the other: the supervisor ends them, and they end the supervisor.
        await machine.systemctl("start", "supervisor.service");
        expect([await state("api.service"), await state("api-http.socket")]).toEqual(["inactive", "inactive"]);
        expect(await askOnce(address)).toMatchObject({ n: 1 });
        await machine.systemctl("start", "api.service");
        expect(await state("supervisor.service")).toBe("inactive");
        expect(await askOnce(address)).toMatchObject({ pid: await mainPid() });

        await machine.systemctl("stop", "api.service", "api-http.socket", "db.service");
        expect(await machine.processes()).toEqual([]);
        expect(await askOnce(address).catch(({ code }) => code)).toBe("ECONNREFUSED");
      });
    },
    LIMIT_MS,
  );
});
