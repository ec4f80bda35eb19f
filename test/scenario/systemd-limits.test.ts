import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { alike } from "../support/matrix.ts";
import { noneFails } from "../support/none-fails.ts";
import { controllers, machineRefusal, type SystemdMachine, withSystemd } from "../support/systemd-machine.ts";
import { apiUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
const BOUND_MS = 20_000;
const SERVICE = "supervisor.service";
const [CONTROLLER, FILE, TASKS_MAX] = ["pids", "pids.max", "57"];

const lacks = controllers.includes(CONTROLLER) ? null : `the controller ${CONTROLLER} is not there in cgroup v2`;
const refusal = machineRefusal ?? lacks;
if (refusal !== null) console.log(`not run: services with limits under a real systemd: ${refusal}`);

describe.skipIf(refusal !== null).each(alike)(
  "services with limits under systemd, on $daemon",
  ({ daemon, service }) => {
    test(
      "systemctl reload works beside them, and a killed supervisor comes back; they keep their limits",
      async () => {
        const address = `127.0.0.1:${await freePort()}`;
        const listener = { listen_stream: JSON.stringify(address) };
        const units = { "api.toml": apiUnit(service, { service: { tasks_max: TASKS_MAX }, "socket.http": listener }) };
        await withSystemd({ runtime: daemon, units }, async (root, machine) => {
          expect(await machine.supervisor("service", "install", "-q")).toMatchObject({ code: 0, stderr: "" });
          expect(await limits(machine)).toEqual([TASKS_MAX]);
          await noneFails(root, address, async () => {
            for (const restarts of ["1", "2"]) {
              await machine.systemctl("reload", SERVICE);
              await machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", SERVICE);
              const isBack = async () => (await machine.property(SERVICE, "NRestarts")) === restarts;
              await eventually(isBack, BOUND_MS, "it is started again");
              const isActive = async () => (await machine.property(SERVICE, "ActiveState")) === "active";
              await eventually(isActive, BOUND_MS, "it is active again");
              expect(await limits(machine)).toEqual([TASKS_MAX]);
            }
          });
          await machine.systemctl("stop", SERVICE);
          expect(await machine.processes()).toEqual([]);
        });
      },
      LIMIT_MS,
    );
  },
);

/** Of every group of the API that somebody is in. */
async function limits(machine: SystemdMachine): Promise<readonly string[]> {
  const groups = `/sys/fs/cgroup/system.slice/${SERVICE}/supervisor-*/api@1.*`;
  const line = `for group in ${groups}; do grep -q . "$group/cgroup.procs" && cat "$group/${FILE}"; done`;
  return (await machine.run("sh", "-c", line)).stdout.split("\n").filter(Boolean);
}
