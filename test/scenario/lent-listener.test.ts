import { describe, expect, test } from "bun:test";
import { existsSync, lstatSync } from "node:fs";
import { connect } from "node:net";
import { listenerBacklog } from "../support/backlog.ts";
import type { Daemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { actor, alone, firstRelease, release, releasedUnit, releaseOf } from "../support/releases.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { underLoad } from "../support/under-load.ts";

const LIMIT_MS = 30_000;
const CLIENTS = 100;
/** A server that no kit has taught: it sets the backlog as it likes, says READY and accepts. */
const FOREIGN = `use Socket; my $end; $SIG{TERM} = sub { $end = 1 }; $| = 1;
open(my $l, "+<&=", 3); listen($l, 1); print "listening with 1\\n";
socket(my $n, PF_UNIX, SOCK_DGRAM, 0); send($n, "READY=1", 0, sockaddr_un($ENV{NOTIFY_SOCKET}));
until ($end) { select(undef, undef, undef, 0.05); accept(my $c, $l) and close $c; }
`;
/** Told to go, the wrapper shuts descriptor 3 down, lets the one that serves finish, and stays for a while. */
const SHUT = "perl -e 'open(S, q(+<&=), 3); shutdown(S, 2)'";
const shuts = (line: string) =>
  `sh -c 'LISTEN_PID=$$ ${line}' & trap "${SHUT.replaceAll("$", "\\$")}; kill $!; wait; sleep 1; exit" TERM; wait; wait`;

for (const { daemon: runtime, service } of alike) {
  const good = actor(service);

  describe(`daemon on ${runtime}`, () => {
    const path = {
      "socket.http": { listen_stream: '"%r/api.sock"', backlog: "100" },
      handover: { drain_sec: '"2s"' },
    };
    const foreign = { service: { exec_start: '["perl", "%r/foreign.pl"]' } };
    const units = {
      "api.toml": releasedUnit(),
      "path.toml": releasedUnit(path),
      "foreign.toml": releasedUnit(foreign),
    };
    const { files, links } = firstRelease(good);
    const daemonOf = sharedDaemon({ runtime, units, files: { ...files, "foreign.pl": FOREIGN }, links });

    test(
      "A8: a listener that the old generation shuts down on its way listens again while it is still there",
      async () => {
        const daemon = daemonOf();
        release(daemon, { script: shuts(good) });
        expect((await daemon.cli("reload", "api")).code).toBe(0);
        await alone(daemon);
        release(daemon, { script: good });
        expect((await daemon.cli("reload", "api")).code).toBe(0);
        const isTold = () => daemon.read("tmp/daemon.log").includes("listener http for all: it listens again");
        await eventually(isTold, 5_000, "it is noticed");
        const { listeners, generation } = await daemon.unit("api");
        const tally = await underLoad(daemon, async () => {});
        expect([tally.samples, Object.keys(tally.generations)]).toEqual([[], [String(generation)]]);
        expect((await alone(daemon)).listeners).toEqual(listeners);
      },
      LIMIT_MS,
    );

    test(
      "A8: a unix listener that the old generation shuts down is opened anew, for one generation more",
      async () => {
        const daemon = daemonOf();
        release(daemon, { script: shuts(good) });
        expect((await daemon.cli("reload", "path")).code).toBe(0);
        await alone(daemon, "path");
        const { ino } = lstatSync(pathOf(daemon));
        const last = release(daemon, { script: good });
        expect((await daemon.cli("reload", "path")).code).toBe(0);
        await eventually(
          () => existsSync(pathOf(daemon)) && lstatSync(pathOf(daemon)).ino !== ino,
          10_000,
          "it is anew",
        );
        const now = await alone(daemon, "path");
        expect(releaseOf(now.main_pid)).toBe(last);
        expect((await underLoad(daemon, async () => {}, { unit: "path" })).samples).toEqual([]);
      },
      LIMIT_MS,
    );

    test(
      "A13 G22: a unix path is the same file over handovers, restarts and crashes, whatever the processes do",
      async () => {
        const daemon = daemonOf();
        const { ino } = lstatSync(pathOf(daemon));
        const tally = await underLoad(
          daemon,
          async () => {
            for (const verb of ["reload", "restart"]) expect((await daemon.cli(verb, "path")).code).toBe(0);
            const { main_pid } = await alone(daemon, "path");
            process.kill(main_pid ?? 0, "SIGKILL");
            await daemon.until(
              "path",
              (unit) => unit.main_pid !== main_pid && unit.sub_state === "running",
              "it is back",
            );
          },
          { unit: "path" },
        );
        expect(tally.fates).toMatchObject({ refused: 0, connect: 0, timeout: 0 });
        expect(lstatSync(pathOf(daemon)).ino).toBe(ino);
      },
      LIMIT_MS,
    );

    test(
      "A7 G16: the backlog is the unit file's after a handover, also to a program that calls listen(2) with another",
      async () => {
        const daemon = daemonOf();
        for (const name of ["api", "foreign"]) {
          const { listeners } = await daemon.unit(name);
          const backlog = () => listenerBacklog(daemon.pid, listeners[0]?.address ?? "");
          expect([name, backlog()]).toEqual([name, 4096]);
          expect((await daemon.cli("reload", name)).code).toBe(0);
          expect([name, backlog()]).toEqual([name, 4096]);
        }
        expect(daemon.read(".supervisor/logs/foreign.log")).toContain("listening with 1\nlistening with 1\n");
      },
      LIMIT_MS,
    );

    test(
      "A1 A2: while no process runs, connections wait in the queue, and each is answered when one does",
      async () => {
        const daemon = daemonOf();
        const { listeners } = await daemon.unit("api");
        expect((await daemon.cli("stop", "api")).code).toBe(0);
        const answers = Array.from({ length: CLIENTS }, (_, n) => ask(listeners[0]?.address ?? "", n));
        await Promise.all(answers.map(({ connected }) => connected));
        expect((await daemon.cli("start", "api")).code).toBe(0);
        expect(await Promise.all(answers.map(({ answered }) => answered))).toEqual(answers.map((_, n) => n));
      },
      LIMIT_MS,
    );
  });
}

const pathOf = (daemon: Daemon): string => `${daemon.path}/api.sock`;

/** One request on a connection of its own. `answered`: with the number that it asked for. */
function ask(address: string, n: number): Readonly<{ connected: Promise<unknown>; answered: Promise<number> }> {
  const [host, port] = address.split(":");
  const socket = connect(Number(port), host ?? "").setEncoding("utf8");
  const connected = new Promise((resolve) => socket.once("connect", resolve));
  const answered = new Promise<number>((resolve, reject) => {
    let said = "";
    socket.on("data", (text: string) => (said += text));
    socket.once("error", reject);
    socket.once("close", () => resolve(Number(/"n":(\d+)/.exec(said)?.[1])));
  });
  socket.write(`GET /echo?n=${n} HTTP/1.1\r\nHost: load.test\r\nConnection: close\r\n\r\n`);
  return { connected, answered };
}
