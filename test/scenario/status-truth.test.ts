import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { askControl } from "../support/control.ts";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { alike, pairings } from "../support/matrix.ts";
import type { RuntimeName } from "../support/root.ts";
import { apiUnit, program, shellUnit } from "../support/unit-text.ts";

const BOUND_MS = 15_000;
const bin = (runtime: RuntimeName) => new URL(`../../node_modules/.bin/${runtime}`, import.meta.url).pathname;
const socket = { "socket.http": { listen_stream: '"127.0.0.1:0"' } };
/** A line of a shell that starts a service program, which is then the listener's rightful owner. */
const started = (runtime: RuntimeName, name: string, args: string) =>
  `${bin(runtime)} ${runtime === "deno" ? "run -A --quiet " : ""}${program(name)} ${args}`;

for (const { daemon: runtime, service } of pairings) {
  test(`an honest service is told to serve, and of nothing is warned: ${service} service, daemon on ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": apiUnit(service) } }, async (daemon) => {
      const api = await look(daemon);
      expect(api.warnings).toEqual([]);
      expect(api.listeners[0]).toMatchObject({
        waiting: 0,
        served_by: [{ pid: api.main_pid, command: expect.any(String) }],
      });
    });
  }, 60_000);

  test(`a service that binds a port of its own is found out: ${service} service, daemon on ${runtime}`, async () => {
    const order = { runtime, units: { "api.toml": apiUnit(service) }, files: { behaviour: "own-port" } };
    await withDaemon(order, async (daemon) => {
      const [warning = ""] = await eventually(() => someWarnings(daemon), BOUND_MS, "it is found out");
      expect(warning).toMatch(/^http 127\.0\.0\.1:\d+: no process of api /);
      expect(warning).toMatch(/; .*api\.ts \(pid \d+\) listens on 127\.0\.0\.1:\d+$/);
      const { listeners } = await look(daemon);
      expect(listeners[0]?.served_by).toEqual([]);
      expect((await daemon.cli("status", "api")).stdout).toContain(`Warning: ${warning.slice(0, 40)}`);
      // A program that happens to run at that moment is not known to wait for anybody.
      const isTold = async (): Promise<boolean> => (await daemon.cli("doctor")).stdout.includes(warning);
      await eventually(isTold, BOUND_MS, "doctor tells it, too");
    });
  }, 60_000);
}

for (const { daemon: runtime, service } of alike) {
  test(`a listener that no process of the unit has open is served by nobody: ${runtime}`, async () => {
    const units = { "api.toml": shellUnit("exec 3<&-; exec sleep 1000", socket) };
    await withDaemon({ runtime, units }, async (daemon) => {
      const { listeners } = await daemon.unit("api");
      const client = connect(Number(listeners[0]?.address.split(":")[1]), "127.0.0.1");
      await new Promise((resolve) => client.once("connect", resolve));
      try {
        const [warning] = await warned(daemon);
        expect(warning).toBe(
          `http ${listeners[0]?.address}: no process of api has it open, so that none can accept; 1 connection waits`,
        );
      } finally {
        client.destroy();
      }
    });
  }, 60_000);

  test(`a wrapper that has lost the child that served is found out, in the table as well: ${runtime}`, async () => {
    const line = `${started(service, "accepts-on.ts", "3")}; sleep 1000; :`;
    const units = { "api.toml": shellUnit(line, { service: { type: '"notify"' }, ...socket }) };
    await withDaemon({ runtime, units }, async (daemon) => {
      const child = (await look(daemon)).listeners[0]?.served_by?.[0]?.pid ?? -1;
      expect((await look(daemon)).warnings).toEqual([]);
      expect((await daemon.unit("api")).warnings).toEqual([]);
      process.kill(child, "SIGKILL");
      const gone = expect.stringMatching(
        new RegExp(`^api@1: .*accepts-on.* \\(pid ${child}\\), which said READY, is gone; pid \\d+ is what is left$`),
      );
      await eventually(
        async () => (await daemon.unit("api")).warnings.length === 1,
        BOUND_MS,
        "the list tells that it is gone",
      );
      expect((await daemon.unit("api")).warnings).toEqual([gone]);
      // Which of the two is named first is a matter of their pids.
      const names = "(sh .*, sleep 1000|sleep 1000 \\(pid \\d+\\), sh .*)";
      const idle = expect.stringMatching(
        new RegExp(`no process of api accepts: ${names} \\(pid \\d+\\) only have it open$`),
      );
      const told = async () => (await warned(daemon)).some((text) => text.includes("sleep 1000 (pid"));
      await eventually(told, BOUND_MS, "nobody accepts");
      expect(await warned(daemon)).toEqual([gone, idle]);
      expect((await daemon.cli("status")).stdout).toContain("\napi (!)");
    });
  }, 60_000);

  for (const how of ["accept", "poll"]) {
    test(`a program that waits in ${how}(2) serves as well: ${runtime}`, async () => {
      const units = { "api.toml": shellUnit(`exec ${started("bun", "blocks.ts", `${how} 3`)}`, socket) };
      await withDaemon({ runtime, units }, async (daemon) => {
        const main = (await daemon.unit("api")).main_pid;
        const serves = async () => (await look(daemon)).listeners[0]?.served_by?.some(({ pid }) => pid === main);
        await eventually(serves, BOUND_MS, `it waits in ${how}(2)`, () => look(daemon));
        expect(await warned(daemon)).toEqual([]);
      });
    }, 60_000);
  }

  test(`a process of nobody's that accepts on the listener is named: ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": apiUnit(service) } }, async (daemon) => {
      const { main_pid } = await daemon.unit("api");
      const fd = await eventually(() => descriptorOf(daemon, main_pid ?? -1), BOUND_MS, "the service has it open");
      const thief = spawn(bin("bun"), [program("blocks.ts"), "steal", String(main_pid), String(fd)], {
        stdio: "inherit",
      });
      try {
        const named = expect.stringMatching(
          new RegExp(`blocks\\.ts .*\\(pid ${thief.pid}\\), which is no process of api, accepts`),
        );
        await eventually(async () => (await warned(daemon)).length === 1, BOUND_MS, "it is seen");
        expect(await warned(daemon)).toEqual([named]);
      } finally {
        thief.kill("SIGKILL");
      }
    });
  }, 60_000);

  test(`whoever listens beside the listener is named: ${runtime}`, async () => {
    await withDaemon({ runtime, units: { "api.toml": apiUnit(service) } }, async (daemon) => {
      const { listeners } = await daemon.unit("api");
      const port = Number(listeners[0]?.address.split(":")[1]);
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(port, "::1", resolve));
      try {
        expect(await warned(daemon)).toEqual([
          expect.stringMatching(
            new RegExp(`\\(pid ${process.pid}\\) listens on \\[::1\\]:${port}, which is what "localhost" may lead to`),
          ),
        ]);
      } finally {
        other.close();
      }
    });
  }, 60_000);

  test(`two units that share a port are told of each other: ${runtime}`, async () => {
    const port = await freePort();
    const shared = { "socket.http": { listen_stream: `"127.0.0.1:${port}"`, reuse_port: "true" } };
    const units = { "api.toml": apiUnit(service, shared), "web.toml": apiUnit(service, shared) };
    await withDaemon({ runtime, units }, async (daemon) => {
      const place = `127.0.0.1:${port}`;
      expect(await warned(daemon)).toEqual([
        `http ${place}: unit web listens on ${place} too, and gets connections that are meant for it`,
      ]);
    });
  }, 60_000);

  test(`a path that is gone, and a process that is stopped, are told: ${runtime}`, async () => {
    const units = { "api.toml": apiUnit(service, { "socket.http": { listen_stream: '"%r/api.sock"' } }) };
    await withDaemon({ runtime, units }, async (daemon) => {
      const { main_pid } = await daemon.unit("api");
      expect(await warned(daemon)).toEqual([]);
      rmSync(`${daemon.path}/api.sock`);
      process.kill(main_pid ?? -1, "SIGSTOP");
      try {
        const frozen = `(pid ${main_pid}) was stopped by a signal and does nothing until SIGCONT`;
        const told = [
          expect.stringContaining("api.sock: the path is not there any more"),
          expect.stringContaining(frozen),
        ];
        await eventually(async () => (await warned(daemon)).length === 2, BOUND_MS, "both are seen");
        expect(await warned(daemon)).toEqual(told);
      } finally {
        process.kill(main_pid ?? -1, "SIGCONT");
      }
    });
  }, 60_000);
}

async function look(daemon: Daemon): Promise<UnitStatus> {
  const reply = await askControl(daemon.controlPath, "/v1/units/api");
  return JSON.parse(reply?.body ?? "") as UnitStatus;
}

async function warned(daemon: Daemon): Promise<readonly string[]> {
  return (await look(daemon)).warnings;
}

async function someWarnings(daemon: Daemon): Promise<readonly string[] | null> {
  const warnings = await warned(daemon);
  return warnings.length > 0 ? warnings : null;
}

/** Under which number a process has the one listener that it waits for. */
async function descriptorOf(daemon: Daemon, pid: number): Promise<number | null> {
  const { readdirSync, readlinkSync, readFileSync } = await import("node:fs");
  const port = Number((await daemon.unit("api")).listeners[0]?.address.split(":")[1]);
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const row = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .find((line) => line.includes(`:${hex} 00000000:0000 0A`));
  const inode = row?.trim().split(/\s+/)[9];
  const found = readdirSync(`/proc/${pid}/fd`).find(
    (fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`,
  );
  return found === undefined ? null : Number(found);
}
