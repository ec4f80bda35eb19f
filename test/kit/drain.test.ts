import { expect, test } from "bun:test";
import { type Census, type Drainable, drain } from "../../services/kit/drain.ts";
import { within } from "../support/within.ts";

const NEVER_MS = 60_000;
const BOUND_MS = 5_000;
const EMPTY: Census = { open: 0, busy: 0, leaving: 0, quietMs: Number.POSITIVE_INFINITY };

/** A server whose looks are written down beforehand; the last one is repeated. */
function scripted(looks: readonly Census[], finish: () => Promise<void> = async () => {}) {
  const calls: string[] = [];
  let look = 0;
  const server: Drainable = {
    stopAccepting: () => void calls.push("stop"),
    startClosing: () => void calls.push("close"),
    remain: (count) => void calls.push(`remain ${count}`),
    async census() {
      calls.push("census");
      look += 1;
      return looks[Math.min(look, looks.length) - 1] ?? EMPTY;
    },
    censusNow: () => looks[Math.min(look, looks.length) - 1] ?? EMPTY,
    finish() {
      calls.push("finish");
      return finish();
    },
  };
  return { server, calls };
}

test("it stops accepting first, and finishes when nobody is connected", async () => {
  const { server, calls } = scripted([EMPTY]);
  const cut = await within(drain(server, { idleMs: NEVER_MS, drainMs: NEVER_MS, spreadMs: 0 }), BOUND_MS, "the drain");
  expect(cut).toBe(0);
  expect(calls).toEqual(["stop", "close", "census", "remain 0", "finish"]);
});

test("C1: whoever comes between the look and the end is not cut", async () => {
  const { server, calls } = scripted([EMPTY]);
  const found = [{ ...EMPTY, open: 1, busy: 1 }, EMPTY];
  const censusNow = () => found.shift() ?? EMPTY;
  const limits = { idleMs: 0, drainMs: NEVER_MS, spreadMs: 0 };
  await within(drain({ ...server, censusNow }, limits), BOUND_MS, "the drain");
  expect(calls).toEqual(["stop", "close", "census", "remain 0", "census", "remain 0", "finish"]);
});

test("C2: who spreads the goodbyes hears at each look how many are still there", async () => {
  const looks = [700, 20, 0].map((open) => ({ ...EMPTY, open, quietMs: open > 0 ? 0 : EMPTY.quietMs }));
  const { server, calls } = scripted(looks);
  await within(drain(server, { idleMs: NEVER_MS, drainMs: NEVER_MS, spreadMs: 5_000 }), BOUND_MS, "the drain");
  expect(calls.filter((call) => call.startsWith("remain"))).toEqual(["remain 700", "remain 20", "remain 0"]);
});

test("a request in flight is waited for, however quiet its connection is", async () => {
  const busy = { open: 1, busy: 1, leaving: 0, quietMs: NEVER_MS };
  const { server, calls } = scripted([busy, busy, busy, EMPTY]);
  await within(drain(server, { idleMs: 0, drainMs: NEVER_MS, spreadMs: 0 }), BOUND_MS, "the drain");
  expect(calls.filter((call) => call === "census").length).toBe(4);
});

test("C1 C12: a connection that was idle for long before still gets the whole idle limit", async () => {
  const { server } = scripted([{ open: 1, busy: 0, leaving: 0, quietMs: NEVER_MS }]);
  const beganMs = performance.now();
  await within(drain(server, { idleMs: 150, drainMs: NEVER_MS, spreadMs: 0 }), BOUND_MS, "the drain");
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(150);
});

test("a connection that moved a moment ago is waited for although the drain is old", async () => {
  const moving = { open: 1, busy: 0, leaving: 0, quietMs: 10 };
  const { server, calls } = scripted([moving, moving, moving, moving, moving, { ...moving, quietMs: 50 }]);
  await within(drain(server, { idleMs: 50, drainMs: NEVER_MS, spreadMs: 0 }), BOUND_MS, "the drain");
  expect(calls.filter((call) => call === "census").length).toBe(6);
});

test("where nothing is known of quietness, the idle limit counts from the last request in flight", async () => {
  const unknown = { open: 1, busy: 0, leaving: 0, quietMs: Number.POSITIVE_INFINITY };
  const { server } = scripted([...Array<Census>(8).fill({ ...unknown, busy: 1 }), unknown]);
  const beganMs = performance.now();
  await within(drain(server, { idleMs: 120, drainMs: NEVER_MS, spreadMs: 0 }), BOUND_MS, "the drain");
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(8 * 20 + 120);
});

test("at the drain limit it says how many connections are cut", async () => {
  const { server, calls } = scripted([{ open: 3, busy: 2, leaving: 0, quietMs: 0 }]);
  expect(await within(drain(server, { idleMs: 0, drainMs: 60, spreadMs: 0 }), BOUND_MS, "the drain")).toBe(3);
  expect(calls).not.toContain("finish");
});

test("a server that does not finish is given up at the drain limit", async () => {
  const { server } = scripted([{ open: 2, busy: 0, leaving: 0, quietMs: NEVER_MS }], () => new Promise(() => {}));
  expect(await within(drain(server, { idleMs: 0, drainMs: 80, spreadMs: 0 }), BOUND_MS, "the drain")).toBe(2);
});

test("C4: a connection that was closed is waited for until its client has closed as well", async () => {
  const leaving = { ...EMPTY, leaving: 1 };
  const { server, calls } = scripted([leaving, leaving, leaving, EMPTY]);
  await within(drain(server, { idleMs: 0, drainMs: NEVER_MS, spreadMs: 0 }), BOUND_MS, "the drain");
  expect(calls.filter((call) => call === "census").length).toBe(4);
});
