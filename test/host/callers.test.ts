import { expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { Callers } from "../../supervisor/host/callers.ts";
import { eventually } from "../support/eventually.ts";

const PLACES = 256;
const PLACES_AT_ONCE = 512;

/** Ends as a real one does: at once, and tells it later. */
class FakeSocket extends EventEmitter {
  isGone = false;
  destroy(): void {
    if (this.isGone) return;
    this.isGone = true;
    setImmediate(() => this.emit("close"));
  }
  end(): void {
    this.destroy();
  }
}

function come(callers: Callers, count: number): readonly FakeSocket[] {
  const sockets = Array.from({ length: count }, () => new FakeSocket());
  for (const socket of sockets) callers.enter(real(socket));
  return sockets;
}

/** Behind the moment that those have who come at once. */
async function thinned(sockets: readonly FakeSocket[]): Promise<void> {
  const left = () => sockets.filter(({ isGone }) => !isGone).length;
  await eventually(() => left() <= PLACES, 2_000, "those are gone who are too many", left);
}

/** Whoever asks, in whole. */
function ask(callers: Callers, sockets: readonly FakeSocket[]): void {
  for (const socket of sockets) {
    expect(callers.asks(real(socket))).toBe(true);
    callers.hasAsked(real(socket));
  }
}

const real = (socket: FakeSocket): Socket => socket as unknown as Socket;
const gone = (sockets: readonly FakeSocket[]): readonly number[] =>
  sockets.flatMap(({ isGone }, at) => (isGone ? [at] : []));

test("when all places are taken, the newest get those of the ones who have been silent longest, however fast they come", async () => {
  const callers = new Callers();
  const first = come(callers, PLACES);
  ask(callers, first.slice(0, 2));
  callers.answered(real(first[1] as FakeSocket));
  const more = come(callers, 3);
  await thinned([...first, ...more]);
  // The first still waits for its answer; the second has had one, and since then says nothing, but not for as long.
  expect(gone([...first, ...more])).toEqual([2, 3, 4]);
  await callers.close();
});

test("nobody who waits for an answer makes room while one is silent; when all wait, the one who came first does", async () => {
  const callers = new Callers();
  const first = come(callers, PLACES);
  ask(callers, first);
  callers.answered(real(first[7] as FakeSocket));
  const next = come(callers, 1);
  ask(callers, next);
  await thinned([...first, ...next]);
  expect(gone(first)).toEqual([7]);
  const last = come(callers, 1);
  ask(callers, last);
  await thinned([...first, ...next, ...last]);
  expect(gone([...first, ...next, ...last])).toEqual([0, 7]);
  await callers.close();
});

test("of those who come all at once each has a moment to ask, as long as they are not too many for that", async () => {
  const callers = new Callers();
  const crowd = come(callers, PLACES_AT_ONCE);
  expect(gone(crowd)).toEqual([]);
  ask(callers, crowd.slice(0, 1));
  const more = come(callers, 1);
  expect(gone([...crowd, ...more])).toEqual([1]);
  await thinned([...crowd, ...more]);
  expect([crowd[0]?.isGone, more[0]?.isGone]).toEqual([false, false]);
  await callers.close();
});

test("whoever asks again before the answer is dismissed, and behind it is welcome", async () => {
  const callers = new Callers();
  const [patient, hasty] = come(callers, 2) as [FakeSocket, FakeSocket];
  ask(callers, [patient, hasty]);
  callers.answered(real(patient));
  ask(callers, [patient]);
  expect(callers.asks(real(hasty))).toBe(false);
  expect(gone([patient, hasty])).toEqual([1]);
  await callers.close();
});

test("a finish dismisses who asks nothing, and waits for the answers of the others", async () => {
  const callers = new Callers();
  const [silent, asking] = come(callers, 2) as [FakeSocket, FakeSocket];
  ask(callers, [asking]);
  let isOver = false;
  const finished = callers.finish().then(() => {
    isOver = true;
  });
  await new Promise((resolve) => silent.once("close", resolve));
  expect([isOver, gone([silent, asking])]).toEqual([false, [0]]);
  callers.answered(real(asking));
  await finished;
  expect(asking.isGone).toBe(true);
});
