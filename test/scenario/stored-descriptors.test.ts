import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Daemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { program, shellUnit } from "../support/unit-text.ts";
import { within } from "../support/within.ts";

const BOUND_MS = 15_000;

/** A service in Python, to which all of this is systemd's own. */
const unit = (storeMax: number) =>
  shellUnit("", {
    service: {
      type: '"notify"',
      exec_start: JSON.stringify(["python3", "-B", program("stores.py")]),
      exec_start_pre: JSON.stringify([["/bin/sh", "-c", 'echo "before: $LISTEN_FDNAMES$FDSTORE."']]),
      restart_sec: '"20ms"',
      start_limit_burst: "0",
      file_descriptor_store_max: String(storeMax),
    },
    "socket.control": { listen_stream: '"127.0.0.1:0"' },
    handover: { soak_sec: '"50ms"' },
  });

for (const { daemon: runtime } of alike) {
  describe(`FDSTORE: ${runtime}`, () => {
    const daemon = sharedDaemon({ runtime, units: { "keeper.toml": unit(64), "other.toml": unit(2) } });
    const promise = (name: string, keep: (daemon: Daemon) => Promise<void>) => test(name, () => keep(daemon()), 30_000);
    promise("a listener, a connection and a memfd come back after a crash, a restart and a handover", comeBack);
    promise("what is stored is told to no other unit, and to no command of its own", nobodyElse);
    promise("a name may stand for several, a descriptor is kept once, and FDSTOREREMOVE closes a name", removed);
    promise("a connection whose other end is gone is not handed on", hungUp);
    promise("no more are kept than FDSTORE says", bounded);
    promise("as many are kept as file_descriptor_store_max says", configured);
    promise("a stop closes all of them", stopped);
  });
}

async function comeBack(daemon: Daemon): Promise<void> {
  expect((await daemon.unit("keeper")).status_text).toBe("64");
  expect(await ask(daemon, "given")).toEqual([]);
  const listens = await ask(daemon, "listen", "web");
  const port = Number(/\d+/.exec(String(listens))?.[0]);
  const first = await dial(port);
  await ask(daemon, "accept", "web", "client");
  await ask(daemon, "memfd", "state", "all that I know");
  const stored = [
    ["web", listens],
    ["client", `talks to ${first.socket.localPort}`],
    ["state", "all that I know"],
  ];

  const ways = [
    ["crash", async (pid: number) => void process.kill(pid, "SIGKILL")],
    ["restart", () => daemon.cli("restart", "keeper")],
    ["handover", () => daemon.cli("reload", "keeper")],
  ] as const;
  for (const [way, go] of ways) {
    const { main_pid: old } = await daemon.unit("keeper");
    await go(old ?? 0);
    // One that connects while nobody may be there to accept waits for the next.
    const waiting = await dial(port);
    await replaced(daemon, old);
    expect([way, await ask(daemon, "given")]).toEqual([way, stored]);
    await ask(daemon, "write", "client", `after a ${way}`);
    expect(await first.read()).toBe(`after a ${way}`);
    await ask(daemon, "accept", "web", way);
    await ask(daemon, "write", way, "served");
    expect(await waiting.read()).toBe("served");
    await ask(daemon, "say", `FDSTOREREMOVE=1\nFDNAME=${way}`);
    waiting.socket.destroy();
  }
  first.socket.destroy();
}

async function nobodyElse(daemon: Daemon): Promise<void> {
  await clear(daemon);
  await ask(daemon, "memfd", "secret", "of the keeper");
  expect(await givenToNext(daemon)).toEqual([["secret", "of the keeper"]]);
  const { main_pid: old } = await daemon.unit("other");
  process.kill(old ?? 0, "SIGKILL");
  await replaced(daemon, old, "other");
  expect(await ask(daemon, { unit: "other" }, "given")).toEqual([]);
  const said = (await daemon.cli("logs", "keeper", "-n", "100", "-o", "raw")).stdout.match(/^before: .*$/gm) ?? [];
  expect(said.length).toBeGreaterThan(1);
  expect([...new Set(said)]).toEqual(["before: ."]);
}

async function removed(daemon: Daemon): Promise<void> {
  await clear(daemon);
  await ask(daemon, "memfd", "one", "a");
  await ask(daemon, "again", "one", "one-again");
  await ask(daemon, "memfd", "two", "b");
  await ask(daemon, "memfd", "two", "c");
  expect(await givenToNext(daemon)).toEqual([
    ["one", "a"],
    ["two", "b"],
    ["two", "c"],
  ]);
  await ask(daemon, "say", "FDSTOREREMOVE=1\nFDNAME=two");
  expect(await givenToNext(daemon)).toEqual([["one", "a"]]);
}

async function hungUp(daemon: Daemon): Promise<void> {
  await clear(daemon);
  const port = Number(/\d+/.exec(String(await ask(daemon, "listen", "web")))?.[0]);
  const [stays, goes] = [await dial(port), await dial(port)];
  await ask(daemon, "accept", "web", "stays");
  await ask(daemon, "accept", "web", "goes");
  goes.socket.resetAndDestroy();
  expect(await givenToNext(daemon)).toEqual([
    ["web", `listens on ${port}`],
    ["stays", `talks to ${stays.socket.localPort}`],
  ]);
  stays.socket.destroy();
}

async function bounded(daemon: Daemon): Promise<void> {
  await clear(daemon);
  for (let n = 0; n < 70; n++) await ask(daemon, "memfd", "many", String(n));
  const kept = (await givenToNext(daemon)) as readonly (readonly string[])[];
  expect(kept.map(([, text]) => Number(text))).toEqual(Array.from({ length: 64 }, (_, n) => n));
  expect(daemon.read("tmp/daemon.log")).toContain(
    "keeper@1 has sent more descriptors than the 64 that are kept for it",
  );
}

async function configured(daemon: Daemon): Promise<void> {
  const other = await daemon.unit("other");
  expect(other.status_text).toBe("2");
  for (const text of ["a", "b", "c"]) await ask(daemon, { unit: "other" }, "memfd", "few", text);
  process.kill(other.main_pid ?? 0, "SIGKILL");
  await replaced(daemon, other.main_pid, "other");
  expect(await ask(daemon, { unit: "other" }, "given")).toEqual([
    ["few", "a"],
    ["few", "b"],
  ]);
}

async function stopped(daemon: Daemon): Promise<void> {
  await ask(daemon, "memfd", "last", "words");
  expect((await daemon.cli("stop", "keeper")).code).toBe(0);
  expect((await daemon.cli("start", "keeper")).code).toBe(0);
  expect(await ask(daemon, "given")).toEqual([]);
}

async function clear(daemon: Daemon): Promise<void> {
  const given = (await ask(daemon, "given")) as readonly (readonly string[])[];
  for (const name of new Set(given.map(([name]) => name))) {
    await ask(daemon, "say", `FDSTOREREMOVE=1\nFDNAME=${name}`);
  }
}

/** What the next process is given, after a crash of this one. */
async function givenToNext(daemon: Daemon): Promise<unknown> {
  const { main_pid: old } = await daemon.unit("keeper");
  process.kill(old ?? 0, "SIGKILL");
  await replaced(daemon, old);
  return ask(daemon, "given");
}

const replaced = (daemon: Daemon, old: number | null, name = "keeper") =>
  daemon.until(
    name,
    (now) => now.active_state === "active" && now.instances.length === 1 && now.main_pid !== old,
    "another process is there alone",
  );

/** Tells the service one thing, and gives its answer. */
async function ask(daemon: Daemon, ...words: readonly (string | Readonly<{ unit: string }>)[]): Promise<unknown> {
  const [first] = words;
  const name = typeof first === "object" ? first.unit : "keeper";
  const task = words.filter((word) => typeof word === "string");
  const [, port] = ((await daemon.unit(name)).listeners[0]?.address ?? "").split(":");
  const line = await dial(Number(port));
  line.socket.write(`${JSON.stringify(task)}\n`);
  const answer = await line.read();
  line.socket.destroy();
  return JSON.parse(answer);
}

/** A connection of the test's own. */
type Line = Readonly<{ socket: Socket; read(): Promise<string> }>;

async function dial(port: number): Promise<Line> {
  const socket = connect({ host: "127.0.0.1", port });
  await within(once(socket, "connect"), BOUND_MS, "a connection");
  // What comes when it is cut shows in what is read, or is what the test does itself.
  socket.on("error", () => {});
  const pieces = socket[Symbol.asyncIterator]();
  const read = async () => String((await within(pieces.next(), BOUND_MS, "an answer")).value).trim();
  return { socket, read };
}
