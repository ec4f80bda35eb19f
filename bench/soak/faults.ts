import { withoutDescriptors } from "../../test/support/famine.ts";
import { within } from "../../test/support/within.ts";
import { handOver, wallMs } from "../handovers.ts";
import { killDuringHandover, killOne, stopOne } from "./deaths.ts";
import { AFTERMATH_MS } from "./loss.ts";
import { atRest, expecting, type Fault, order, type Place, pause, reloadConfig } from "./place.ts";
import { putProgram } from "./unit.ts";

const MOST_INSTANCES = 3;
const STORM = 200;
const SHORT_MS = 100;
const SHORT_OF_A_HANDOVER_MS = 300;
/** Longer than a new generation has for its start, and an old one for its drain. */
const STANDSTILL_MS = 3_500;
/** Enough for who asks, not for a service beside the descriptors that are kept free. */
const SPARE_DESCRIPTORS = 24;

/** What happens to one unit, while anything happens to the others. */
export const faults = {
  "plain handover": async (place) => expecting("done", await handOver(place.daemon, place.unit)),
  "new one does not execute": unexecuted,
  "new one exits": (place) => behaving(place, "exit", "kept-old"),
  "new one hangs": (place) => behaving(place, "hang", "kept-old"),
  "new one dies in the soak": (place) => behaving(place, `die-in-soak ${place.draw(200)}`, "kept-old"),
  "new one binds another port": (place) => behaving(place, "own-port", "kept-old"),
  "new one is ready twice": (place) => behaving(place, "ready-twice", "done"),
  "new one's child says READY": (place) => behaving(place, "ready-by-child", "done"),
  "new one is killed": (place) => killDuringHandover(place, ({ instances }) => [instances.at(-1)?.pid]),
  "old one is killed": (place) => killDuringHandover(place, ({ instances }) => [instances[0]?.pid]),
  "both are killed": (place) =>
    killDuringHandover(place, ({ instances }) => [instances[0]?.pid, instances.at(-1)?.pid]),
  "old one is stopped": stopOne,
  "old one is deaf": deaf,
  "old one never ends a stream": endless,
  "one is killed": killOne,
  "unit file changes in the middle": async (place) => {
    const over = handOver(place.daemon, place.unit);
    await pause(place.draw(SHORT_OF_A_HANDOVER_MS));
    place.rewrite();
    await Promise.all([over, reloadConfig(place)]);
    return null;
  },
  "config reload": async (place) => {
    place.rewrite();
    await reloadConfig(place);
    return null;
  },
  scale,
  "reload beside a scale": (place) => besideReload(place, () => scale(place)),
  "reload beside a restart": (place) => besideReload(place, () => order(place, "restart")),
  "reload beside a stop": (place) => besideReload(place, () => order(place, "stop")),
  "reload beside a start": async (place) => {
    await order(place, "stop");
    return besideReload(place, () => order(place, "start"));
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** What happens to all units at once, and so to nobody beside anything else. */
export const sharedFaults = {
  "storm of SIGUSR2": async ({ daemon }) => {
    for (let times = 0; times < STORM; times++) daemon.signal("SIGUSR2");
    const { units } = await daemon.status();
    // The last wish of all, behind which nothing waits.
    const ended = await Promise.all(units.map(({ name }) => handOver(daemon, name)));
    await Promise.all(units.map(({ name }) => atRest({ daemon, unit: name })));
    return ended.map((each) => expecting("done", each)).find((surprise) => surprise !== null) ?? null;
  },
  "supervisor stands still": async ({ daemon, unit, draw }) => {
    const over = handOver(daemon, unit);
    await pause(draw(SHORT_OF_A_HANDOVER_MS));
    daemon.signal("SIGSTOP");
    await pause(STANDSTILL_MS);
    daemon.signal("SIGCONT");
    // Both generations were in time.
    return expecting("done", await over);
  },
  "no descriptors are left": async ({ daemon, unit }) => {
    const famine = withoutDescriptors(daemon.pid, SPARE_DESCRIPTORS);
    try {
      return expecting("kept-old", await handOver(daemon, unit));
    } finally {
      famine.end();
    }
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** A handover to a generation that behaves in this way. */
async function behaving({ daemon, unit }: Place, behaviour: string, result: string): Promise<string | null> {
  daemon.write(`behaviour-${unit}`, behaviour);
  const ended = await handOver(daemon, unit);
  daemon.write(`behaviour-${unit}`, "serve");
  return expecting(result, ended);
}

async function unexecuted({ daemon, unit }: Place): Promise<string | null> {
  putProgram(daemon, unit, false);
  const ended = await handOver(daemon, unit);
  putProgram(daemon, unit, true);
  return expecting("kept-old", ended);
}

/** It accepts and answers until it is killed at its limit, and has in hand what it has then. */
async function deaf(place: Place): Promise<string | null> {
  const { daemon, unit, losses, clients } = place;
  const surprise = await behaving(place, "deaf", "done");
  const { instances } = await atRest(place);
  const fromMs = wallMs();
  const ended = await handOver(daemon, unit);
  await atRest(place);
  losses.push({ unit, fromMs, untilMs: wallMs() + AFTERMATH_MS, inHand: instances.length * clients });
  return surprise ?? expecting("done", ended);
}

/** The stream is cut, and nobody else notices. */
async function endless(place: Place): Promise<string | null> {
  const { daemon, unit, port } = place;
  const abort = new AbortController();
  const stream = await fetch(`http://127.0.0.1:${port}/stream`, { signal: abort.signal });
  const over = stream.text().catch(() => "cut");
  const ended = await handOver(daemon, unit);
  await atRest(place);
  const isOver = await within(over, SHORT_MS, "the stream is over").catch(() => null);
  abort.abort();
  return isOver === null ? "the stream has outlived its generation" : expecting("done", ended);
}

async function scale(place: Place): Promise<null> {
  await order(place, "scale", { instances: 1 + place.draw(MOST_INSTANCES) });
  return null;
}

/** One comes shortly after the other, in either order. What they come to depends on who was first; in the end it is to run. */
async function besideReload(place: Place, other: () => Promise<unknown>): Promise<null> {
  const reload = () => order(place, "reload");
  const [first, second] = place.draw(2) === 0 ? [reload, other] : [other, reload];
  const begun = first();
  await pause(place.draw(SHORT_MS));
  await Promise.all([begun, second()]);
  await order(place, "start");
  return null;
}
