import { notify, notifySocket } from "./notify.ts";

/**
 * One process from its start to its exit, as the supervisor sees it: not ready, ready, draining, gone.
 *
 * Source: the contract's words "drain" and "generation"; sd_notify(3) for READY, STATUS and STOPPING.
 */
export interface Life {
  /** Fires when the process is asked to drain. Streams without an end of their own (events, long polls) end on it. */
  readonly draining: AbortSignal;
  /** Whether `ready` has been called. */
  readonly isReady: boolean;
  /** Adds what must be finished before the process may exit. All are awaited together; one added while draining starts at once. */
  onDrain(finish: () => Promise<void> | void): void;
  /** Adds what is to happen when the process says that it is ready, just before it says so; at once when it has. */
  onReady(begin: () => void): void;
  /** Says READY=1, once. To be called when the process is really able to serve. */
  ready(status?: string): void;
  /** Says in one line what the process is doing, for `supervisor status`. */
  status(text: string): void;
}

/** What a life needs of its surroundings, so that tests may live without a process of their own. */
export type LifeEdge = Readonly<{
  exit(code: number): void;
  notify(fields: Readonly<Record<string, string>>): void;
  report(line: string): void;
}>;

export type EndSignal = "SIGTERM" | "SIGINT";

/** A life together with the hand that ends it: the first call drains, the second exits at once. */
export type LedLife = Readonly<{ life: Life; end(signal: EndSignal): void }>;

const SIGNAL_NUMBER = { SIGINT: 2, SIGTERM: 15 } as const satisfies Record<EndSignal, number>;

let ours: Life | undefined;

/** Gives the life of this process. The first call installs the handlers of SIGTERM and SIGINT. */
export function processLife(): Life {
  ours ??= leadProcess();
  return ours;
}

/**
 * Makes a life that is ended by hand.
 * Errors: a finisher that fails is reported, the others are still awaited, and the exit code is 1 instead of 0.
 */
export function leadLife(edge: LifeEdge): LedLife {
  const abort = new AbortController();
  const beginners: (() => void)[] = [];
  const finishers: (() => Promise<void> | void)[] = [];
  const running: Promise<boolean>[] = [];
  let isReady = false;

  const start = (finish: () => Promise<void> | void) => void running.push(outcomeOf(finish, edge.report));

  const life: Life = {
    draining: abort.signal,
    get isReady() {
      return isReady;
    },
    onDrain(finish) {
      if (abort.signal.aborted) start(finish);
      else finishers.push(finish);
    },
    onReady(begin) {
      if (isReady) begin();
      else beginners.push(begin);
    },
    ready(status) {
      if (isReady) return;
      isReady = true;
      for (const begin of beginners) begin();
      edge.notify(status === undefined ? { READY: "1" } : { READY: "1", STATUS: status });
    },
    status(text) {
      edge.notify({ STATUS: text });
    },
  };

  const end = (signal: EndSignal): void => {
    if (abort.signal.aborted) {
      edge.exit(128 + SIGNAL_NUMBER[signal]);
      return;
    }
    edge.notify({ STOPPING: "1", STATUS: "draining" });
    abort.abort();
    finishers.forEach(start);
    void settled(running).then((clean) => edge.exit(clean ? 0 : 1));
  };

  return { life, end };
}

function leadProcess(): Life {
  notifySocket();
  const { life, end } = leadLife({
    exit: (code) => process.exit(code),
    notify: (fields) => void notify(fields),
    report: (line) => console.error(line),
  });
  process.on("SIGTERM", () => end("SIGTERM"));
  process.on("SIGINT", () => end("SIGINT"));
  // "Read your settings anew" is no reason to die, as it would be by default.
  process.on("SIGHUP", () => {});
  return life;
}

/** Runs one finisher. It is foreign code: what it throws becomes a line and a false. */
async function outcomeOf(finish: () => Promise<void> | void, report: (line: string) => void): Promise<boolean> {
  try {
    await finish();
    return true;
  } catch (cause) {
    report(`drain: ${cause instanceof Error ? cause.message : String(cause)}`);
    return false;
  }
}

/** Awaits a list that may grow while it is awaited. */
async function settled(running: readonly Promise<boolean>[]): Promise<boolean> {
  let clean = true;
  for (let next = 0; next < running.length; next += 1) {
    clean = (await running[next]) !== false && clean;
  }
  return clean;
}
