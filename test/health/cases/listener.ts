import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import type { Answer, Listener, SpawnOrder } from "../../../supervisor/daemon/ports.ts";
import { createListeners } from "../../../supervisor/host/listener.ts";
import { runtime } from "../../../supervisor/host/runtime.ts";
import type { Address, BindableSocket } from "../../../supervisor/unit/unit.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { within } from "../../support/within.ts";
import { newLife, type Rig, withRig } from "../rig.ts";

const listeners = createListeners();
const script = new URL("../fixtures/generation.ts", import.meta.url).pathname;
const takesOne = new URL("../fixtures/takes-one.py", import.meta.url).pathname;
const flags = runtime.version.startsWith("deno") ? ["run", "--allow-all", "--quiet", "--no-config"] : [];

export const listenerCases: readonly Case[] = [
  {
    promise: "a life is asked on its private listener, where the shared one would be answered by another",
    run: () =>
      withGenerations(async ({ rig, begin, ask, tcp }) => {
        const old = await begin("old", [tcp]);
        const sick = await begin("sick", [tcp], { isPrivate: true });
        assert.deepEqual(said(await ask(sick, tcp)), [false, "answered 503"]);
        assert.deepEqual(said(await ask(sick, tcp)), [false, "answered 503"]);
        assert.deepEqual(said(await ask(old, tcp)), [true, "answered 200"]);
        assert.equal(rig.answers.length, 3);
      }),
  },
  ...(["tcp", "anyTcp", "unix"] as const).map((which) => ({
    promise: `on a shared listener only the life's own processes count, and others never see a whole request (${which})`,
    run: () => withGenerations((ground) => onlyOwn(ground, ground[which])),
  })),
  {
    promise: "a life that loses every race for a connection gets one when several are there at once",
    run: () =>
      withGenerations(async ({ begin, ask, printed, tcp }) => {
        await begin("quick", [tcp], { takesOne: { waitMs: 0, busyMs: 9 } });
        const life = await begin("late", [tcp], { takesOne: { waitMs: 5, busyMs: 0 } });
        for (let count = 0; count < 5; count++)
          assert.deepEqual(said(await ask(life, tcp, 1000)), [true, "answered 200"]);
        const once = () => printed().split("asked late").length === 6;
        await eventually(once, 5000, "each question was asked once", printed);
        assert.doesNotMatch(printed(), /asked quick/);
      }),
  },
  {
    promise: "a life that does not accept fails in time, and the detail says who answered",
    run: () =>
      withGenerations(async ({ begin, ask, tcp }) => {
        await begin("old", [tcp]);
        const began = performance.now();
        const { ok, detail } = await ask(newLife(), tcp, 400);
        assert.deepEqual([ok, detail], [false, `others answer on ${tcp.address}`]);
        assert.ok(performance.now() - began >= 390);
      }),
  },
  {
    promise:
      "nobody accepts on the private listener: the shared one is asked after half the limit, and at once ever after",
    run: () =>
      withGenerations(async ({ rig, begin, ask, tcp, unix }) => {
        const life = await begin("new", [tcp]);
        rig.privates.set(life, unix.address);
        const spans: number[] = [];
        for (let count = 0; count < 3; count++) {
          const began = performance.now();
          assert.deepEqual(said(await ask(life, tcp, 2000)), [true, "answered 200"]);
          spans.push(performance.now() - began);
        }
        const [first = 0, ...later] = spans;
        assert.ok(first >= 990 && Math.max(...later) < 900, JSON.stringify(spans));
        rig.probing.cancel(life);
        const began = performance.now();
        assert.equal((await ask(life, tcp, 1000)).ok, true);
        assert.ok(performance.now() - began >= 490, "a cancelled life is forgotten");
      }),
  },
  {
    promise: "a private listener that answers late, but in time, is not passed over",
    run: () =>
      withGenerations(async ({ begin, ask, tcp }) => {
        await begin("old", [tcp]);
        const slow = await begin("slow", [], { isPrivate: true, delayMs: 700 });
        assert.deepEqual(said(await ask(slow, tcp, 1200 + 1000)), [true, "answered 200"]);
        assert.deepEqual(said(await ask(slow, tcp, 1200 + 1000)), [true, "answered 200"]);
      }),
  },
  {
    promise: "a private path that is gone gives way to the shared listener; without one it is a failure at once",
    run: () =>
      withGenerations(async ({ rig, begin, ask, tcp }) => {
        const life = await begin("new", [tcp]);
        rig.privates.set(life, join(rig.dir, "gone.sock"));
        assert.deepEqual(said(await ask(life, null)), [false, "has no socket there"]);
        const began = performance.now();
        assert.deepEqual(said(await ask(life, tcp)), [true, "answered 200"]);
        assert.ok(performance.now() - began < 2000);
      }),
  },
];

const said = ({ ok, detail }: Answer) => [ok, detail];

type Options = Readonly<{
  isPrivate?: boolean;
  delayMs?: number;
  /** Another program: one that takes one connection at a time. */
  takesOne?: Readonly<{ waitMs: number; busyMs: number }>;
}>;

type Ground = Readonly<{
  rig: Rig;
  tcp: Listener;
  /** On every address. */
  anyTcp: Listener;
  unix: Listener;
  /** Starts a generation that serves on these; gives its life once it does. */
  begin: (name: string, on: readonly Listener[], options?: Options) => Promise<string>;
  ask: (life: string, listener: Listener | null, timeoutMs?: number) => Promise<Answer>;
  printed: () => string;
}>;

async function onlyOwn({ begin, ask, printed }: Ground, listener: Listener): Promise<void> {
  await begin("old", [listener]);
  const life = await begin("new", [listener]);
  for (let count = 0; count < 10; count++) {
    assert.deepEqual(said(await ask(life, listener)), [true, "answered 200"]);
  }
  // Several at a time do not mistake each other's connections for their own.
  const together = await Promise.all(Array.from({ length: 3 }, () => ask(life, listener, 9000)));
  assert.deepEqual(together.map(said), Array(3).fill([true, "answered 200"]));
  await eventually(() => printed().split("asked new").length > 10, 5000, "the new one asked", printed);
  assert.doesNotMatch(printed(), /asked old/);
}

/** Lends listeners and generations that share them; all is gone afterwards. */
async function withGenerations(use: (ground: Ground) => Promise<void>): Promise<void> {
  await withRig(async (rig) => {
    const bound = [tcpAt("127.0.0.1"), tcpAt(""), { tag: "unix", path: join(rig.dir, "shared.sock") } as const].map(
      open,
    );
    const [tcp, anyTcp, unix] = bound as [Listener, Listener, Listener];
    const lives: string[] = [];
    let printed = "";
    const out = rig.pipes.open();
    rig.pipes.watch(
      out.read,
      (bytes) => (printed += new TextDecoder().decode(bytes)),
      () => undefined,
    );
    let kind = 0;
    const begin: Ground["begin"] = async (name, on, { isPrivate = false, delayMs = 0, takesOne: races } = {}) => {
      const life = newLife();
      const own = isPrivate ? [open({ tag: "unix", path: join(rig.dir, `${life.slice(0, 8)}.sock`) })] : [];
      for (const { address } of own) rig.privates.set(life, address);
      bound.push(...own);
      const started = Promise.withResolvers<void>();
      const told = await rig.serveUnix(() => started.resolve());
      const argv: SpawnOrder["argv"] = races
        ? ["python3", takesOne, name, `${races.waitMs}`, `${races.busyMs}`, told]
        : [runtime.execPath, ...flags, script, name, String(delayMs), told];
      const lent = [...on, ...own].map(({ name: each, fd }) => ({ name: each, fd }));
      const rest = { notify: false, privileges: null, resources: null, keeper: "" };
      const env = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", DENO_DIR: process.env.DENO_DIR ?? "" };
      lives.push(life);
      const stdio = { stdout: out.write, stderr: out.write };
      rig.processes.spawn({ invocation: life, argv, env, cwd: rig.dir, listeners: lent, ...stdio, ...rest });
      await within(started.promise, 20_000, `${name} serves`);
      return life;
    };
    const ask: Ground["ask"] = (life, listener, timeoutMs = 5000) => {
      // Kinds are only names here: each question gets one of its own, so that several may be under way.
      const own = `readiness-${kind++}` as "readiness";
      return rig.ask({ tag: "listener", address: listener?.address ?? null, path: "/ready" }, timeoutMs, life, own);
    };
    try {
      await use({ rig, tcp, anyTcp, unix, begin, ask, printed: () => printed });
    } finally {
      for (const life of lives) rig.processes.signal(life, "SIGKILL", "group");
      const ended = () => rig.events.filter(({ tag }) => tag === "exited").length;
      await eventually(() => ended() >= lives.length, 10_000, "the generations' end");
      for (const fd of [out.read, out.write]) rig.pipes.close(fd);
      for (const listener of bound) listeners.close(listener);
    }
  });
}

function tcpAt(host: string): Address {
  return { tag: "tcp", host, port: 0 };
}

function open(address: Address): Listener {
  const socket: BindableSocket = {
    name: "http",
    kind: "stream",
    address,
    backlog: 64,
    socketMode: 0o600,
    socketUser: "",
    socketGroup: "",
    reusePort: false,
    freeBind: false,
    noDelay: false,
    keepAlive: false,
    deferAcceptMs: 5000,
    bindIpv6Only: "default",
  };
  const opened = listeners.open("unit", socket);
  if (!opened.ok) throw new Error(JSON.stringify(opened.faults));
  return opened.value;
}
