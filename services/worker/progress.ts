import type { Queue, Taken } from "../queue/queue.ts";
import { jsonOf } from "./outcome.ts";

/** The first word is written at once, and then the last one of each quarter of a second. */
const PERIOD_MS = 250;

/** As JSON: it is written often, and shown in lists. */
const MAX_CHARACTERS = 65_536;

/** What a handler says of how far it has come, on its way to the queue. */
export interface Progress {
  say(value: unknown): void;
  /** Nothing is written any more. */
  end(): void;
}

/** Errors: none; `report` hears of what is not JSON or too long, which is not written, and of what the queue threw. */
export function createProgress(taken: Taken, queue: Queue, report: (error: Error) => void): Progress {
  let said: Readonly<{ value: unknown }> | null = null;
  let timer: ReturnType<typeof setInterval> | null = null;
  let isWriting = false;
  const write = async (): Promise<void> => {
    if (said === null || isWriting) return;
    const { value } = said;
    said = null;
    isWriting = true;
    try {
      const length = jsonOf(value)?.length;
      if (length === undefined) throw new Error("progress that is not JSON is not written");
      if (length > MAX_CHARACTERS) throw new Error(`progress of more than ${MAX_CHARACTERS} characters is not written`);
      // That the lease is lost is told to the handler by its signal.
      await queue.progress(taken, value);
    } catch (error) {
      report(error as Error);
    }
    isWriting = false;
  };
  return {
    say(value) {
      said = { value };
      if (timer !== null) return;
      void write();
      timer = setInterval(write, PERIOD_MS);
    },
    end() {
      if (timer !== null) clearInterval(timer);
    },
  };
}
