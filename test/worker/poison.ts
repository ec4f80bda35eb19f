import { setTimeout as sleep } from "node:timers/promises";
import type { TaskContext } from "../../services/tasks/task-type.ts";

/** A handler that does what no handler should, and what becomes of its task: `done`, or the error it is dead with. */
export type Poison = Readonly<{
  handle: (context: TaskContext) => unknown;
  becomes: readonly string[];
  /** Unless told, all that it has. */
  attempts?: number;
}>;

const never = () => new Promise(() => {});
const fine = { ok: true, result: "fine" };
const circle: { self?: unknown } = {};
circle.self = circle;

function thrower(error: unknown): () => never {
  return () => {
    throw error;
  };
}

/** A handler that does this, and then nothing any more. */
function andHangs(act: (context: TaskContext) => unknown): Poison["handle"] {
  return (context) => {
    act(context);
    return never();
  };
}

/** The runtimes differ in whose an error is that went astray: it fails its attempt, or that runs into its time limit. */
const astray = ["handler-threw", "time-limit"];

/** By what they do. */
export const poisons: Readonly<Record<string, Poison>> = {
  "throws at once": { handle: thrower(new Error("boom")), becomes: ["handler-threw"] },
  "throws nothing": { handle: thrower(undefined), becomes: ["handler-threw"] },
  "throws what cannot be told": { handle: thrower(Object.create(null)), becomes: ["handler-threw"] },
  "throws a long story": { handle: thrower(new Error("x".repeat(5_000_000))), becomes: ["handler-threw"] },
  "throws in a timer": { handle: andHangs(() => setTimeout(thrower(new Error("timer")), 1)), becomes: astray },
  "throws nothing in a timer": { handle: andHangs(() => setTimeout(thrower(null), 1)), becomes: astray },
  "throws in a microtask": { handle: andHangs(() => queueMicrotask(thrower(new Error("micro")))), becomes: astray },
  "lets a promise go": { handle: andHangs(() => void sleep(1).then(thrower(new Error("gone")))), becomes: astray },
  "throws at its signal": {
    handle: andHangs(({ signal }) => signal.addEventListener("abort", thrower(new Error("signal")))),
    becomes: ["time-limit"],
  },
  "throws when it has ended": {
    handle() {
      setTimeout(thrower(new Error("late")), 20);
      return fine;
    },
    becomes: ["done"],
  },
  "never ends": { handle: never, becomes: ["time-limit"] },
  "returns nothing": { handle: () => undefined, becomes: ["outcome-invalid"] },
  "returns something else": { handle: () => ({ ok: "yes" }), becomes: ["outcome-invalid"] },
  "fails without an error": { handle: () => ({ ok: false, retry: true }), becomes: ["outcome-invalid"] },
  "fails without a verdict": {
    handle: () => ({ ok: false, error: { code: "e", message: "" } }),
    becomes: ["outcome-invalid"],
  },
  "wants a rest that is no number": {
    handle: () => ({ ok: false, error: { code: "e", message: "" }, retry: true, retryAfterMs: Number.NaN }),
    becomes: ["outcome-invalid"],
  },
  "makes a BigInt": { handle: () => ({ ok: true, result: 1n }), becomes: ["outcome-invalid"] },
  "makes a circle": { handle: () => ({ ok: true, result: circle }), becomes: ["outcome-invalid"] },
  "makes a function": { handle: () => ({ ok: true, result: never }), becomes: ["outcome-invalid"] },
  "makes too much": {
    handle: () => ({ ok: true, result: "x".repeat(5_000_000) }),
    becomes: ["result-too-large"],
    attempts: 1,
  },
  "says what is not JSON": {
    async handle({ progress }) {
      progress(1n);
      await sleep(1);
      progress(circle);
      await sleep(300);
      return fine;
    },
    becomes: ["done"],
  },
};
