import { createAdmission } from "../../services/api/admission.ts";
import type { LoopEdge } from "../../services/api/loop-turn.ts";

/**
 * A process with one event loop, in virtual time: what each request costs it, how many times as many come as it could answer, and for how long.
 * `costMs`: of an answer; `refusalMs`: of a refusal; `commitMs`: at the end of each turn, for all its answers; `clients`: so many listen to
 * Retry-After, 0: nobody does; `shedOverMs` 0: nobody is refused. What is answered between `fromMs` and `toMs` counts.
 */
export type Overload = Readonly<{
  costMs: number;
  refusalMs: number;
  commitMs: number;
  load: number;
  clients: number;
  fromMs: number;
  toMs: number;
  deadlineMs: number;
  shedOverMs: number;
  /** Whether it hears of all that is ready before it begins to work on any of it, as Deno does. */
  hearsAllFirst: boolean;
}>;

/** `share`: answers within the deadline, of all that could be given in the time. */
export type Outcome = Readonly<{ share: number; slowestMs: number; refused: number }>;

type Arrival = Readonly<{ atMs: number; client: number }>;

export async function overload(order: Overload): Promise<Outcome> {
  const { costMs, commitMs, load, clients, fromMs, toMs, deadlineMs } = order;
  const loop = virtualLoop();
  const answers: (() => void)[] = [];
  const work: (() => void)[] = [];
  const app = () =>
    new Promise<Response>((resolve) => {
      const job = (): void => {
        loop.now += costMs;
        answers.push(() => resolve(new Response(null, { status: 202 })));
      };
      if (order.hearsAllFirst) work.push(job);
      else job();
    });
  const admission = createAdmission("/tasks", order.shedOverMs, loop.edge);
  const fetch = order.shedOverMs > 0 ? admission.guard(app) : app;
  const silentUntilMs = new Float64Array(clients);
  const seen = { good: 0, slowestMs: 0, refused: 0 };
  const everyMs = costMs / load;
  let next = 0;

  const judge = ({ atMs, client }: Arrival, answer: Response): void => {
    const tookMs = loop.now - atMs;
    const isCounted = loop.now >= fromMs && loop.now < toMs;
    if (answer.status === 503) {
      seen.refused += 1;
      silentUntilMs[client] = loop.now + Number(answer.headers.get("retry-after")) * 1_000;
    } else if (isCounted && tookMs <= deadlineMs) {
      seen.good += 1;
      seen.slowestMs = Math.max(seen.slowestMs, tookMs);
    }
  };
  while (loop.now < toMs) {
    const ready: Arrival[] = [];
    for (; next * everyMs <= loop.now; next += 1) {
      const arrival = { atMs: next * everyMs, client: (next * 7_919) % Math.max(1, clients) };
      if ((silentUntilMs[arrival.client] ?? 0) <= arrival.atMs) ready.push(arrival);
    }
    if (ready.length === 0) loop.now = next * everyMs;
    for (const arrival of ready) {
      const before = admission.figures.write.refused;
      const answer = Promise.resolve(fetch(new Request("http://test/tasks", { method: "POST" })));
      if (admission.figures.write.refused > before) loop.now += order.refusalMs;
      void answer.then((given) => judge(arrival, given));
    }
    for (const job of work.splice(0)) job();
    if (answers.length > 0) loop.now += commitMs;
    for (const answer of answers.splice(0)) answer();
    loop.end();
    await settled();
  }
  return { share: seen.good / ((toMs - fromMs) / costMs), slowestMs: seen.slowestMs, refused: seen.refused };
}

/** All that promises lead to without time passing. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

type VirtualLoop = { now: number; readonly edge: LoopEdge; end(): void };

function virtualLoop(): VirtualLoop {
  const ends: (() => void)[] = [];
  let timers: { atMs: number; then: () => void }[] = [];
  const loop: VirtualLoop = {
    now: 0,
    edge: {
      now: () => loop.now,
      atEnd: (over) => void ends.push(over),
      later: (afterMs, then) => void timers.push({ atMs: loop.now + afterMs, then }),
    },
    end() {
      for (const over of ends.splice(0)) over();
      const due = timers.filter(({ atMs }) => atMs <= loop.now);
      timers = timers.filter(({ atMs }) => atMs > loop.now);
      for (const { then } of due) then();
    },
  };
  return loop;
}
