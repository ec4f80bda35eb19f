import { describe, expect, test } from "bun:test";
import type { Status } from "../../supervisor/unit/status.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { alike } from "../support/matrix.ts";
import { askOnce, noneFails } from "../support/none-fails.ts";
import type { Root } from "../support/root.ts";
import { machineRefusal, type SystemdMachine, withSystemd } from "../support/systemd-machine.ts";
import { apiUnit } from "../support/unit-text.ts";

/** The supervisor under a real systemd, in a machine of its own: what docs/systemd.md promises, done through `systemctl`. */

const LIMIT_MS = 60_000;
const BOUND_MS = 20_000;
const SERVICE = "supervisor.service";

if (machineRefusal !== null) console.log(`not run: the supervisor under a real systemd: ${machineRefusal}`);

/** A machine, and where its API listens. */
type Scene = Readonly<{ root: Root; machine: SystemdMachine; address: string }>;

describe.skipIf(machineRefusal !== null).each(alike)("under systemd, on $daemon", ({ daemon: runtime, service }) => {
  const scene = (promise: string, use: (scene: Scene) => Promise<void>, install = true): void =>
    test(
      promise,
      async () => {
        const address = `127.0.0.1:${await freePort()}`;
        const units = { "api.toml": apiUnit(service, { "socket.http": { listen_stream: JSON.stringify(address) } }) };
        await withSystemd({ runtime, units }, async (root, machine) => {
          if (install)
            expect(await machine.supervisor("service", "install", "-q")).toMatchObject({ code: 0, stderr: "" });
          await use({ root, machine, address });
          await machine.systemctl("stop", SERVICE);
        });
      },
      LIMIT_MS,
    );

  scene(
    "service install comes back, and systemctl says active, once the services are ready, and the machine starts them anew",
    async ({ root, machine, address }) => {
      root.write("behaviour", "when the-database");
      const installing = machine.supervisor("service", "install");
      await eventually(async () => (await unitState(machine)) === "activating", BOUND_MS, "the supervisor starts");
      await eventually(
        async () => (await machine.supervisor("is-active", "api")).stdout === "activating\n",
        BOUND_MS,
        "the service starts",
      );
      expect(await unitState(machine)).toBe("activating");
      root.write("the-database", "");
      expect(await installing).toEqual({
        code: 0,
        stdout: [
          "write /etc/systemd/system/supervisor-api-http.socket",
          "write /etc/systemd/system/supervisor.service",
          "systemctl daemon-reload",
          "systemctl enable --now supervisor.service\n",
        ].join("\n"),
        stderr: "",
      });
      expect(await unitState(machine)).toBe("active");
      const { supervisor, units } = await status(machine);
      expect(supervisor.pid).toBe(await mainPid(machine));
      expect(units.map(({ name, active_state }) => [name, active_state])).toEqual([["api", "active"]]);
      expect(await askOnce(address)).toMatchObject({ pid: units[0]?.main_pid });
      expect(await machine.supervisor("service", "status")).toEqual({
        code: 0,
        stdout: "/etc/systemd/system/supervisor.service: enabled, active\n",
        stderr: "",
      });

      await machine.systemctl("stop", SERVICE);
      await machine.systemctl("start", "multi-user.target");
      expect(await askOnce(address)).toMatchObject({ n: 1 });
    },
    false,
  );

  scene(
    "systemctl reload is a hot restart without a failed request, over when it comes back, and fails when the old generation was kept",
    async ({ root, machine, address }) => {
      const before = await api(machine);
      await noneFails(root, address, async () => {
        await machine.systemctl("reload", SERVICE);
        const after = await api(machine);
        expect(after).toMatchObject({ generation: before.generation + 1, handover: { last_result: "done" } });
        expect(after.instances.map(({ pid }) => pid)).toEqual([after.main_pid]);
        expect(after.main_pid).not.toBe(before.main_pid);
      });
      root.write("behaviour", "exit-before-ready");
      const kept = await api(machine);
      const refused = await machine.run("systemctl", "reload", SERVICE);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("failed") });
      expect(await unitState(machine)).toBe("active");
      expect(await api(machine)).toMatchObject({ main_pid: kept.main_pid, handover: { last_result: "kept-old" } });
    },
  );

  scene(
    "systemd starts a killed supervisor again; services, listeners and requests have noticed nothing",
    async ({ root, machine, address }) => {
      const [before, supervisor] = [await api(machine), await mainPid(machine)];
      await noneFails(root, address, async (next) => {
        await machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", SERVICE);
        await startedAgain(machine);
        await next();
      });
      expect(await mainPid(machine)).not.toBe(supervisor);
      const { main_pid, generation, restarts, listeners } = before;
      expect(await api(machine)).toMatchObject({ main_pid, generation, restarts, listeners });
      expect(await machine.property("supervisor-api-http.socket", "ActiveState")).toBe("active");
      expect(await machine.property(SERVICE, "StatusText")).toBe("1 units");
    },
  );

  scene(
    "systemctl restart starts the services anew, and whoever comes meanwhile waits in the listener's queue",
    async ({ root, machine, address }) => {
      const before = await api(machine);
      await noneFails(root, address, () => machine.systemctl("restart", SERVICE));
      const after = await api(machine);
      expect(after.main_pid).not.toBe(before.main_pid);
      expect(after).toMatchObject({ active_state: "active", listeners: before.listeners });
    },
  );

  scene(
    "a supervisor that gives no sign of life is killed and started again, one that has become another program lives; services go on",
    async ({ root, machine, address }) => {
      await machine.unitFile(`${SERVICE}.d/test.conf`, "[Service]\nWatchdogSec=4s\nLimitCORE=0\n");
      await machine.systemctl("restart", SERVICE);
      const [before, supervisor] = [await api(machine), await mainPid(machine)];
      const heard = async () => Number(await machine.property(SERVICE, "WatchdogTimestampMonotonic"));
      expect(await machine.supervisor("daemon-reexec")).toMatchObject({ code: 0 });
      const last = await heard();
      await eventually(
        async () => (await heard()) > last,
        BOUND_MS,
        "the program that took its place gives signs of life",
      );
      expect([await mainPid(machine), await machine.property(SERVICE, "NRestarts")]).toEqual([supervisor, "0"]);
      await noneFails(root, address, async (next) => {
        await machine.systemctl("kill", "--kill-whom=main", "--signal=STOP", SERVICE);
        await startedAgain(machine);
        await next();
      });
      expect(await mainPid(machine)).not.toBe(supervisor);
      const { main_pid, generation, restarts } = before;
      expect(await api(machine)).toMatchObject({ main_pid, generation, restarts });
      const { stdout } = await machine.run("journalctl", "--no-pager", `--unit=${SERVICE}`);
      expect(stdout).toContain("Watchdog timeout");
    },
  );

  scene("after systemctl stop nothing runs and nobody listens any more", async ({ root, machine, address }) => {
    const group = await machine.property(SERVICE, "ControlGroup");
    expect((await machine.processes()).length).toBeGreaterThan(1);
    await machine.systemctl("stop", SERVICE);
    expect(await machine.processes()).toEqual([]);
    expect((await machine.run("ls", `/sys/fs/cgroup${group}`)).code).toBe(2);
    expect(await unitState(machine)).toBe("inactive");
    expect(await machine.property(SERVICE, "Result")).toBe("success");
    expect(root.specialFiles()).toEqual([]);
    const isClosed = async () => (await machine.property("supervisor-api-http.socket", "ActiveState")) === "inactive";
    await eventually(isClosed, BOUND_MS, "the listener is closed");
    expect(await askOnce(address).catch(({ code }) => code)).toBe("ECONNREFUSED");
    expect(await unitState(machine)).toBe("inactive");
    // Not for good: what is started again listens again.
    await machine.systemctl("start", SERVICE);
    expect(await askOnce(address)).toMatchObject({ n: 1 });
  });
});

async function startedAgain(machine: SystemdMachine): Promise<void> {
  await eventually(async () => (await machine.property(SERVICE, "NRestarts")) === "1", BOUND_MS, "it is started again");
  await eventually(async () => (await unitState(machine)) === "active", BOUND_MS, "it is active again");
}

const unitState = (machine: SystemdMachine) => machine.property(SERVICE, "ActiveState");

const mainPid = async (machine: SystemdMachine) => Number(await machine.property(SERVICE, "MainPID"));

async function status(machine: SystemdMachine): Promise<Status> {
  const { code, stdout, stderr } = await machine.supervisor("status", "--json");
  if (code !== 0) throw new Error(`supervisor status: ${code}: ${stderr}`);
  return JSON.parse(stdout) as Status;
}

async function api(machine: SystemdMachine): Promise<Status["units"][number]> {
  const unit = (await status(machine)).units.find(({ name }) => name === "api");
  if (!unit) throw new Error("there is no api");
  return unit;
}
