import { type Told, told } from "./happening.ts";
import { createMessenger, type Messenger, type MessengerOptions } from "./messenger.ts";
import type { Processes } from "./ports.ts";
import { createProbation, type Probation, type ProbationOptions } from "./probation.ts";

/** What becomes of units whose settings have changed: they are told, and are on probation. */
export type Resettling = Messenger & Readonly<{ probation: Probation }>;

export function createResettling({
  signal,
  note,
  takeBack,
  ...options
}: Omit<ProbationOptions, "failed"> &
  Pick<MessengerOptions, "command"> &
  Readonly<{ signal: Processes["signal"]; note: (one: Told) => void; takeBack: () => void }>): Resettling {
  const probation = createProbation({
    ...options,
    failed(unit, why) {
      note({ ...told("error", "config.taken-back", `the settings are taken back: ${why}`), unit, why });
      // It is found at the end of a turn: what is ordered then waits for the next one.
      queueMicrotask(takeBack);
    },
  });
  const messenger = createMessenger({ ...options, processes: { signal } });
  return {
    probation,
    tell: (units) => messenger.tell(units),
    turned(changes) {
      messenger.turned(changes);
      probation.turned(changes);
    },
  };
}
