import type { UnitState } from "../core/world.ts";
import type { Command } from "../unit/command.ts";
import type { Outcome } from "../unit/fault.ts";
import type { ReleaseStatus } from "../unit/release.ts";
import type { Setting } from "../unit/setting.ts";
import type { Disk, Giver, Order, Verdict } from "./ports.ts";

/** What a deployment may ask of the daemon. */
export type ReleaseHost = Readonly<{
  /**
   * Puts what another disk says in the place of what is loaded, as a reload of the files does. `order`: what it is called in reasons
   * and messages. Shape: `deploy v2`. Errors: all that a reload is refused with; then nothing has changed.
   */
  move(disk: Disk, order: string, by: Giver): Outcome<Promise<readonly Verdict[]>>;
  /** Whether it would be taken. Errors: as for `move`, and nothing has changed either way. */
  check(disk: Disk): Outcome<unknown>;
  /** Runs a command that belongs to no unit. Gives how it ended where that was not well, or null. */
  run(command: Command, limitMs: number): Promise<string | null>;
  /** The releases that a process runs from. */
  running(): ReadonlySet<string>;
  /** Where those can be asked that serve now. */
  places(): readonly Place[];
  settings(): readonly Setting[];
  /** Everything is being stopped. */
  isEnding(): boolean;
  note(level: "info" | "error", event: string, text: string, unit: string | null): void;
}>;

/** An instance that answers on a listener of its own. Shape: `{ unit: "api", instance: "api@1", release: "v1", path: "/run/x.private" }`. */
export type Place = Readonly<{ unit: string; instance: string; release: string | null; path: string }>;

/** Asks processes what they have answered since they began. Null: that one does not say. */
export type AskAnswers = (places: readonly Place[]) => Promise<
  readonly Readonly<{
    unit: string;
    answers: Readonly<{ count: number; failed: number; timed: number; seconds: number }> | null;
  }>[]
>;

/** What is deployed, and what becomes of it. */
export interface Releases {
  /** Errors: release-unknown, release-bad, release-busy, and all that a reload of the files is refused with. */
  give(order: Extract<Order, { tag: "deploy" | "rollback" }>, by: Giver): Outcome<Promise<readonly Verdict[]>>;
  list(): readonly ReleaseStatus[];
  /** Call after every turn, with what it has made of each unit. */
  turned(changes: readonly Readonly<{ before: UnitState | null; now: UnitState | null }>[]): void;
  /** Goes on with the proof that another daemon has left. Call once everybody who is left is known. */
  resume(): void;
  close(): void;
}
