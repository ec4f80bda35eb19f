import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { askControl } from "../support/control.ts";
import type { Daemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { readOpenMetrics } from "../support/openmetrics.ts";
import { actor, alone, firstRelease, type Release, release, releasedUnit, releaseOf } from "../support/releases.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { LOOPS, underLoad } from "../support/under-load.ts";

const LIMIT_MS = 30_000;
const FLOOD = "head -c 3000000 /dev/zero | tr '\\0' x | fold -w 100";

type Bad = readonly [name: string, release: Release, reason: RegExp, lastLine: string];

for (const { daemon: runtime, service } of alike) {
  const good = actor(service);
  const probe = { "probe.readiness": { listener: '"http"', path: '"/readyz"', period: '"100ms"' } };
  const bad: readonly Bad[] = [
    ["B1 B18: one that is not there", { program: "missing" }, /failed at stage exec: .*ENOENT/, ""],
    ["B1: one that no interpreter runs", { program: "without interpreter" }, /failed at stage exec: .*ENOENT/, ""],
    [
      "B1 B18 G7: one that exits at once",
      { script: "echo 'no database at db.internal:5432' >&2; exit 3" },
      /exited with code 3 before it was ready/,
      "no database at db.internal:5432",
    ],
    [
      "B1 B2: one that listens, and dies before it is ready",
      { script: actor(service, "cold 300") },
      /exited with code 1 before it was ready/,
      "lost the database",
    ],
    [
      "B3 G10: one that serves a port of its own",
      { script: actor(service, "own-port") },
      /said that it is ready, but does not serve listener http/,
      "which port?",
    ],
  ];

  describe(`daemon on ${runtime}`, () => {
    const units = {
      "api.toml": releasedUnit({ service: { timeout_start_sec: '"2s"' } }),
      "probed.toml": releasedUnit({ ...probe, handover: { soak_sec: '"2s"' } }),
    };
    const daemonOf = sharedDaemon({ runtime, units, ...firstRelease(good) });

    test.each(bad)(
      "%s is refused, and the old one serves on",
      async (_, what, reason, lastLine) => {
        const daemon = daemonOf();
        const tally = await underLoad(daemon, () => expectKept(daemon, "api", { what, reason, lastLine }));
        expect(tally.samples).toEqual([]);
        expect(Object.keys(tally.generations)).toHaveLength(1);
      },
      LIMIT_MS,
    );

    test(
      "B1 B2 B24: one that hangs is refused, whoever else says READY for it, then or when it is gone",
      async () => {
        const daemon = daemonOf();
        const tally = await underLoad(daemon, async (old) => {
          const what = { script: "echo 'waiting for a lock' >&2; exec sleep 1000" };
          const kept = expectKept(daemon, "api", { what, reason: /was not ready within 2 s/, lastLine: "a lock" });
          const socket = notifySocketOf(await grouped(daemon, await second(daemon)));
          const forged = spawnSync("perl", ["-e", `${DIAL} print syswrite(S, "READY=1")`, socket], {
            encoding: "utf8",
          });
          expect([forged.stdout, forged.stderr]).toEqual(["7", ""]);
          const forge = `http://${old}/forge?n=1&socket=${socket}`;
          expect((await fetch(forge, { headers: { connection: "close" } })).status).toBe(200);
          const late = spawnLate(socket);
          await kept;
          expect(await late()).toMatch(/refused|Broken pipe/);
        });
        expect(tally.samples).toEqual([]);
        expect(Object.keys(tally.generations)).toHaveLength(1);
      },
      LIMIT_MS,
    );

    test(
      "B4 G8: one that dies on probation takes down only what it had accepted itself",
      async () => {
        const daemon = daemonOf();
        const what = { script: actor(service, "exit 100") };
        const { fates, failed } = await underLoad(daemon, () =>
          expectKept(daemon, "api", { what, reason: /exited with code 1$/, lastLine: "lost the database" }),
        );
        expect(fates).toMatchObject({ refused: 0, connect: 0, timeout: 0 });
        expect(failed).toBeLessThanOrEqual(2 * LOOPS);
      },
      LIMIT_MS,
    );

    test(
      "B5 G9: one that falls ill on probation is taken back without a failed request",
      async () => {
        const daemon = daemonOf();
        const what = { script: actor(service, "ill 300") };
        const reason = /failed its readiness probe once: answered 503/;
        const act = () => expectKept(daemon, "probed", { what, reason, lastLine: "" });
        const tally = await underLoad(daemon, act, { unit: "probed" });
        expect(tally.samples).toEqual([]);
      },
      LIMIT_MS,
    );

    test.each([
      ["B23: one that prints megabytes before it is ready", `${FLOOD}; ${good}`],
      ["one that says READY twice", actor(service, "ready-twice")],
      ["one whose child serves and says READY", `sh -c 'LISTEN_PID=$$ ${good}' & trap "kill $!" TERM; wait; wait`],
    ])(
      "%s is the service, without a failed request",
      async (_, script) => {
        const daemon = daemonOf();
        const tally = await underLoad(daemon, () => expectTaken(daemon, () => daemon.cli("reload", "api"), script));
        expect(tally.samples).toEqual([]);
        expect(Object.keys(tally.generations)).toHaveLength(2);
      },
      LIMIT_MS,
    );

    test(
      "B16: when the one who asked is gone, the handover goes on",
      async () => {
        const daemon = daemonOf();
        const asker = async () => {
          const asked = daemon.launch(["reload", "api"], 2);
          await second(daemon);
          asked.kill("SIGKILL");
          return { code: 0, stdout: "", stderr: "" };
        };
        await expectTaken(daemon, asker, `sleep 0.3; ${good}`);
      },
      LIMIT_MS,
    );

    test(
      "B12 B17 B22 B25 B28: after all that every signal is heard, and what is counted is what was",
      async () => {
        const daemon = daemonOf();
        const before = await counted(daemon);
        expect(before).toMatchObject({ "kept-old": bad.length + 2, restarts: 0 });
        await expectKept(daemon, "api", { what: { program: "missing" }, reason: /ENOENT/, lastLine: "" });
        const next = release(daemon, { script: good });
        const { generation } = await daemon.unit("api");
        daemon.signal("SIGUSR2");
        await daemon.until("api", (unit) => unit.generation > generation, "SIGUSR2 is heard");
        expect(releaseOf((await alone(daemon)).main_pid)).toBe(next);
        daemon.signal("SIGHUP");
        await eventually(() => daemon.read("tmp/daemon.log").includes("config.reloaded"), 5_000, "SIGHUP is heard");
        const { "kept-old": kept = 0, done = 0 } = before;
        expect(await counted(daemon)).toEqual({ ...before, "kept-old": kept + 1, done: done + 1 });
      },
      LIMIT_MS,
    );
  });
}

type Refusal = Readonly<{ what: Release; reason: RegExp; lastLine: string }>;

/** Reloads into a bad release: exit code 8, the reason and the last words printed, the old process still there. */
async function expectKept(daemon: Daemon, name: string, { what, reason, lastLine }: Refusal): Promise<void> {
  const old = await daemon.unit(name);
  release(daemon, what);
  const { code, stderr } = await daemon.cli("reload", name);
  expect([code, stderr]).toEqual([
    8,
    expect.stringContaining(`reload ${name}: the old generation stays: the new one `),
  ]);
  expect(stderr).toContain(lastLine);
  const kept = await alone(daemon, name);
  expect([kept.main_pid, kept.active_state, kept.handover.last_result]).toEqual([old.main_pid, "active", "kept-old"]);
  expect(kept.handover.reason).toMatch(reason);
}

/** Hands over into a release: it alone is the service then, in its own folder. */
async function expectTaken(
  daemon: Daemon,
  reload: () => Promise<{ code: number | null }>,
  script: string,
): Promise<void> {
  const old = await daemon.unit("api");
  const next = release(daemon, { script });
  expect((await reload()).code).toBe(0);
  await daemon.until("api", ({ main_pid }) => main_pid !== old.main_pid, "there is another process");
  const now = await alone(daemon);
  expect([now.handover.last_result, now.restarts, releaseOf(now.main_pid)]).toEqual(["done", 0, next]);
}

/** The process of the new generation. */
async function second(daemon: Daemon): Promise<number> {
  const pidOf = ({ instances, main_pid }: UnitStatus) => instances.find(({ pid }) => pid !== null && pid !== main_pid);
  const unit = await daemon.until("api", (now) => pidOf(now) !== undefined, "the new generation is there");
  return pidOf(unit)?.pid ?? -1;
}

/** Waits until a process was brought into its control group, where there are any: until then, one that has spoken and is gone is believed. */
async function grouped(daemon: Daemon, pid: number): Promise<number> {
  const isIn = (of: number): boolean => readFileSync(`/proc/${of}/cgroup`, "utf8").includes("/supervisor-");
  const { main_pid: old } = await daemon.unit("api");
  if (old !== null && isIn(old)) await eventually(() => isIn(pid), LIMIT_MS, "it is in its group");
  return pid;
}

const DIAL =
  "use Socket; socket(S, PF_UNIX, SOCK_DGRAM, 0); connect(S, sockaddr_un($ARGV[0])) or die $!; $| = 1; print q();";

function notifySocketOf(pid: number): string {
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return variables.find((one) => one.startsWith("NOTIFY_SOCKET="))?.slice("NOTIFY_SOCKET=".length) ?? "";
}

/** Connects now, and says READY=1 when the returned function is called, which gives what came of it. */
function spawnLate(socket: string): () => Promise<string> {
  const child = Bun.spawn(["perl", "-e", `${DIAL} <STDIN>; send(S, "READY=1", 0) or print $!`, socket], {
    stdin: "pipe",
    stdout: "pipe",
  });
  return async () => {
    child.stdin.write("now\n");
    child.stdin.end();
    return new Response(child.stdout).text();
  };
}

/** What the unit `api` came to so far: handovers by their results, and restarts. */
async function counted(daemon: Daemon): Promise<Readonly<Record<string, number>>> {
  const scrape = await eventually(() => askControl(daemon.controlPath, "/metrics"), 5_000, "an answer");
  const ours = readOpenMetrics(scrape.body).filter(({ labels }) => labels.includes('unit="api"'));
  const handovers = ours.filter(({ name }) => name === "supervisor_handovers_total");
  const results = handovers.map(({ labels, value }) => [/result="([^"]*)"/.exec(labels)?.[1] ?? "", value] as const);
  return { ...Object.fromEntries(results), restarts: (await daemon.unit("api")).restarts };
}
