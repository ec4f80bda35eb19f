import { expect, test } from "bun:test";
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, settledDaemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { more, startLoad } from "../support/load.ts";
import { alike } from "../support/matrix.ts";
import { alive } from "../support/proc.ts";
import { type Root, type RootOrder, withRoot } from "../support/root.ts";
import { apiUnit, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
const STOP_MS = 600;

async function kill(daemon: Daemon): Promise<void> {
  daemon.signal("SIGKILL");
  await daemon.ended(5_000);
}

/** Starts a daemon and waits until it answers. */
async function begun(root: Root): Promise<Daemon> {
  const daemon = startDaemon(root);
  const answers = () =>
    daemon
      .status()
      .then(() => true)
      .catch(() => false);
  await eventually(answers, LIMIT_MS, "it answers");
  return daemon;
}

async function stop(daemon: Daemon): Promise<void> {
  expect((await daemon.stop()).code).toBe(0);
  // An orderly end leaves nothing to go on with.
  for (const name of ["lives.jsonl", "state.jsonl", "parked.json", "run"])
    expect(existsSync(join(daemon.stateDir, name))).toBe(false);
}

type Happened = Readonly<{ event: string; unit: string; why: string | null }>;

async function happened(daemon: Daemon, event: string): Promise<readonly Happened[]> {
  const { stdout } = await daemon.cli("events", "--json");
  const all = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Happened);
  return all.filter((one) => one.event === event);
}

for (const { daemon: runtime, service } of alike) {
  const other = runtime === "bun" ? "deno" : "bun";
  const promise = (what: string, order: Omit<RootOrder, "runtime">, use: (root: Root) => Promise<void>): void =>
    test(`B10: ${what}: ${runtime}`, () => withRoot({ runtime, ...order }, use), LIMIT_MS);

  promise(
    "no request fails over the deaths of the supervisor; processes and listeners are the same, on either runtime",
    {
      units: {
        "api.toml": apiUnit(service),
        "on-path.toml": shellUnit("exec sleep 1000000", { "socket.admin": { listen_stream: '"./admin.sock"' } }),
      },
    },
    async (root) => {
      let daemon = await settledDaemon(root);
      const before = await daemon.unit("api");
      const inode = statSync(join(root.path, "admin.sock")).ino;
      const [{ address = "" } = {}] = before.listeners;
      const load = await startLoad({ address, keepAlive: 8, oneShot: 8 }, root.environment);
      for (const next of [runtime, other, runtime] as const) {
        await more(load);
        await kill(daemon);
        const said = (await daemon.cli(next === other ? "stop" : "status")).stderr;
        expect(said).toContain(`these still run: api@1 (pid ${before.main_pid}), on-path@1 (pid `);
        await more(load);
        root.environment.SUPERVISOR_RUNTIME = next;
        daemon = await settledDaemon(root);
        expect((await happened(daemon, "service.adopted")).map(({ unit }) => unit)).toEqual(["api", "on-path"]);
      }
      await more(load);
      const after = await daemon.unit("api");
      const { main_pid, listeners, generation, restarts } = before;
      expect(after).toMatchObject({ active_state: "active", main_pid, listeners, generation, restarts });
      expect(Math.abs(Date.parse(after.since) - Date.parse(before.since))).toBeLessThan(1_000);
      expect(statSync(join(root.path, "admin.sock")).ino).toBe(inode);
      // It is a supervisor as any other: it hands over, and drains whom it has not started itself.
      expect((await daemon.cli("reload", "api")).code).toBe(0);
      await daemon.until("api", ({ instances }) => instances.length === 1, "the old generation is gone");
      const { failed, samples } = await load.stop();
      expect([failed, samples]).toEqual([0, []]);
      expect((await daemon.unit("api")).generation).toBe(2);
      await stop(daemon);
    },
  );

  promise(
    "who has ended meanwhile is started again, who was stopped by hand stays so, and who waits is started in time",
    {
      units: {
        "ended.toml": shellUnit("exec sleep 1000000", { service: { restart: '"on-failure"', restart_sec: '"0"' } }),
        "stopped.toml": shellUnit("exec sleep 1000000"),
        "waiting.toml": shellUnit("exit 1", { service: { restart: '"always"', restart_sec: '"2s"' } }),
      },
    },
    async (root) => {
      const first = await begun(root);
      const { main_pid } = await first.until("ended", (unit) => unit.active_state === "active", "it is up");
      await first.until("stopped", (unit) => unit.active_state === "active", "it is up");
      await first.cli("stop", "stopped");
      const { restarts } = await first.until("waiting", (unit) => unit.sub_state === "auto-restart", "it waits");
      await kill(first);
      process.kill(main_pid ?? 0, "SIGKILL");
      const daemon = await begun(root);
      const again = await daemon.until("ended", (unit) => (unit.main_pid ?? main_pid) !== main_pid, "another is there");
      expect(again.restarts).toBe(1);
      const ends = (await happened(daemon, "service.exited")).filter(({ unit }) => unit === "ended");
      expect(ends).toMatchObject([{ why: "ended while nobody was there to see how" }]);
      await daemon.until("waiting", (unit) => unit.restarts > restarts, "it is tried again");
      expect(await daemon.unit("stopped")).toMatchObject({ active_state: "inactive", wanted: "down" });
      await stop(daemon);
    },
  );

  promise(
    "a handover that was cut in the middle is finished: what the new generation says meanwhile is heard",
    { units: { "api.toml": apiUnit(service) } },
    async (root) => {
      const first = await settledDaemon(root);
      const { main_pid: old } = await first.unit("api");
      root.write("behaviour", "when go");
      const reload = first.cli("reload", "api");
      await first.until("api", ({ instances }) => instances.length === 2, "the new generation is there");
      await kill(first);
      await reload;
      root.write("go", "");
      const [log] = [join(root.stateDir, "logs", "api.log")];
      const daemon = await begun(root);
      const after = await daemon.until("api", (unit) => unit.handover.last_result === "done", "it is done");
      expect(after.generation).toBe(2);
      await daemon.until("api", ({ instances }) => instances.length === 1, "the old generation is gone");
      expect(alive(old ?? 0)).toBe(false);
      expect(root.read(log.slice(root.path.length + 1)).match(/^serving 127.0.0.1/gm)).toHaveLength(2);
      await stop(daemon);
    },
  );

  promise(
    "a handover that was cut in the middle is undone where the new generation is bad: the old one stays",
    { units: { "api.toml": apiUnit(service) } },
    async (root) => {
      const first = await settledDaemon(root);
      const { main_pid: old } = await first.unit("api");
      root.write("behaviour", "when never");
      const reload = first.cli("reload", "api");
      const [, next] = (await first.until("api", ({ instances }) => instances.length === 2, "it is there")).instances;
      await kill(first);
      await reload;
      process.kill(next?.pid ?? 0, "SIGKILL");
      const daemon = await begun(root);
      const after = await daemon.until("api", (unit) => unit.handover.last_result === "kept-old", "it is undone");
      expect([after.main_pid, after.active_state]).toEqual([old, "active"]);
      await stop(daemon);
    },
  );

  promise(
    "a stop that was cut in the middle is finished, the deaf are killed in time, and nobody is told twice",
    {
      units: {
        "deaf.toml": shellUnit("trap 'echo told' TERM; setsid sleep 1000 & echo trapped; while :; do sleep 0.1; done", {
          service: { timeout_stop_sec: `"3s"`, kill_mode: '"mixed"' },
        }),
      },
    },
    async (root) => {
      const first = await settledDaemon(root);
      const log = () => root.read(".supervisor/logs/deaf.log");
      await eventually(() => log().includes("trapped"), LIMIT_MS, "it has set its trap");
      const stopping = first.cli("stop", "deaf");
      await eventually(() => log().includes("told"), LIMIT_MS, "it was told");
      const members = root.processes().filter(({ command }) => /sleep 1000$|trap/.test(command));
      expect(members.length).toBeGreaterThanOrEqual(2);
      await kill(first);
      await stopping;
      const daemon = await begun(root);
      await daemon.until(
        "deaf",
        (unit) => unit.active_state !== "deactivating" && unit.main_pid === null,
        "it is gone",
      );
      expect(members.filter(({ pid }) => alive(pid))).toEqual([]);
      expect(log().match(/told/g)).toHaveLength(1);
      await stop(daemon);
    },
  );

  promise(
    "an orderly stop leaves nothing to go on with, though a process is left alone on purpose",
    {
      units: {
        "parent.toml": shellUnit("sleep 1000 & echo $! >child; exec sleep 1000000", {
          service: { kill_mode: '"process"' },
        }),
      },
    },
    async (root) => {
      const daemon = await settledDaemon(root);
      const child = Number(await eventually(() => root.read("child"), LIMIT_MS, "it has a child"));
      await stop(daemon);
      expect(alive(child)).toBe(true);
      process.kill(child, "SIGKILL");
    },
  );

  const STEPS = 400;
  promise(
    "no line of output is lost or doubled, whenever it is killed",
    {
      units: {
        "lines.toml": shellUnit(
          `i=0; while [ $i -lt ${STEPS} ]; do i=$((i+1)); echo $i; sleep 0.005; done; exec sleep 1000000`,
        ),
      },
    },
    async (root) => {
      let daemon = await settledDaemon(root);
      const printed = () => root.read(".supervisor/logs/lines.log").trimEnd().split("\n").map(Number);
      for (const due of [50, 130, 210, 290]) {
        await eventually(() => printed().length >= due, LIMIT_MS, `${due} lines are there`);
        await kill(daemon);
        daemon = await settledDaemon(root);
      }
      await eventually(() => printed().at(-1) === STEPS, LIMIT_MS, "the last line is there");
      expect(printed()).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1));
      await stop(daemon);
    },
  );

  promise(
    "whoever has no unit any more is stopped, and named; strangers are not touched",
    {
      units: {
        "gone.toml": shellUnit("setsid sleep 1000 & exec sleep 1000"),
        "here.toml": shellUnit("exec sleep 1000000"),
      },
    },
    async (root) => {
      const first = await settledDaemon(root);
      const [gone] = (await first.unit("gone")).instances;
      const here = await first.unit("here");
      await kill(first);
      rmSync(join(root.path, "units/gone.toml"));
      const stranger = Bun.spawn(["sleep", "1000"], { env: { ...process.env, INVOCATION_ID: "0".repeat(32) } });
      const daemon = await settledDaemon(root);
      expect(root.processes().filter(({ command }) => command.endsWith("sleep 1000"))).toEqual([]);
      expect([alive(gone?.pid ?? 0), alive(stranger.pid)]).toEqual([false, true]);
      stranger.kill();
      expect((await happened(daemon, "service.leftover")).map(({ unit }) => unit)).toEqual(["gone"]);
      expect((await daemon.unit("here")).main_pid).toBe(here.main_pid);
      await stop(daemon);
    },
  );

  promise(
    "with --on-crash=stop services die with it, whether they are confined or not, and not with a program that takes its place",
    {
      units: {
        "plain.toml": shellUnit("exec sleep 1000000"),
        "confined.toml": shellUnit("exec sleep 1000000", { service: { nice: "5", no_new_privileges: "true" } }),
        "listening.toml": apiUnit(service),
      },
    },
    async (root) => {
      const first = startDaemon(root, ["--on-crash=stop"]);
      await first.settled();
      const before = (await first.status()).units.map(({ main_pid }) => main_pid ?? 0);
      expect((await first.cli("daemon-reexec")).code).toBe(0);
      expect((await first.status()).units.map(({ main_pid }) => main_pid ?? 0)).toEqual(before);
      await kill(first);
      await eventually(() => before.every((pid) => !alive(pid)), 5_000, "they are gone");
      const daemon = await settledDaemon(root);
      await daemon.until("plain", (unit) => unit.active_state === "active", "it is up");
      await stop(daemon);
    },
  );

  /** Longer than the watchdog waits: the one span that has to pass. */
  const outlastWatchdog = () => new Promise((resolve) => setTimeout(resolve, 1_500));
  const watched = apiUnit(service, { service: { watchdog_sec: '"1s"', timeout_stop_sec: '"1s"' } });
  promise(
    "whoever gives signs of life is not taken for hung when nobody was there to hear them, and one that is hung is",
    { units: { "api.toml": watched, "beside.toml": watched, "ended.toml": shellUnit("exec sleep 1000000") } },
    async (root) => {
      const first = await settledDaemon(root);
      const [api, beside, ended] = (await first.status()).units.map(({ main_pid }) => main_pid ?? 0);
      await kill(first);
      // The next one hears of this, too, and of each of the watched: whoever is heard last is not to be late for it.
      process.kill(ended ?? 0, "SIGKILL");
      await outlastWatchdog();
      const daemon = await settledDaemon(root);
      expect(await daemon.unit("api")).toMatchObject({ main_pid: api, restarts: 0 });
      expect(await daemon.unit("beside")).toMatchObject({ main_pid: beside, restarts: 0 });
      process.kill(api ?? 0, "SIGSTOP");
      await daemon.until("api", (unit) => unit.restarts === 1 && unit.active_state === "active", "it is started anew");
      expect(await daemon.unit("beside")).toMatchObject({ main_pid: beside, restarts: 0 });
      await stop(daemon);
    },
  );

  promise(
    "whoever gives signs of life is not taken for hung by a supervisor that has itself stood still",
    { units: { "api.toml": watched, "beside.toml": watched } },
    async (root) => {
      const daemon = await settledDaemon(root);
      daemon.signal("SIGSTOP");
      await outlastWatchdog();
      daemon.signal("SIGCONT");
      // Whoever was taken for hung is told to go before a reload is done.
      for (const unit of ["api", "beside"]) expect((await daemon.cli("reload", unit)).code).toBe(0);
      expect((await daemon.status()).units.map(({ restarts }) => restarts)).toEqual([0, 0]);
      await stop(daemon);
    },
  );

  const deaf = shellUnit("trap '' TERM; setsid sleep 1000 & while :; do sleep 0.1; done", {
    service: { timeout_stop_sec: `"${STOP_MS}ms"` },
  });
  for (const [what, text] of [
    ["torn", '{"format":1,"boot":"'],
    ["of a newer format", '{"format":99}\n'],
    ["somebody else's", "dear diary\n"],
  ] as const) {
    promise(
      `a state file that is ${what} is kept aside; what runs is stopped, killed where it is deaf, named, and started anew`,
      { units: { "api.toml": apiUnit(service), "deaf.toml": deaf } },
      async (root) => {
        const first = await settledDaemon(root);
        const before = await first.unit("api");
        await kill(first);
        writeFileSync(join(root.stateDir, "state.jsonl"), text);
        const daemon = await settledDaemon(root);
        const after = await daemon.unit("api");
        expect(alive(before.main_pid ?? 0)).toBe(false);
        expect([after.active_state, after.listeners]).toEqual(["active", before.listeners]);
        expect((await happened(daemon, "service.leftover")).map(({ unit }) => unit).toSorted()).toEqual([
          "api",
          "deaf",
        ]);
        expect(root.read("tmp/daemon.log")).toContain("it did not go when it was asked, and was killed");
        expect(root.processes().filter(({ command }) => command.endsWith("sleep 1000"))).toHaveLength(1);
        expect(root.read(".supervisor/state.jsonl.unreadable")).toBe(text);
        await stop(daemon);
      },
    );
  }
}
