import type { State } from "../core/state.ts";
import type { UnitState } from "../core/world.ts";
import type { Unit } from "../unit/unit.ts";
import type { Changed } from "./difference.ts";
import { type Told, told } from "./happening.ts";
import type { Mended } from "./sockets.ts";

/** How often listeners are looked after while a process leaves: some shut down on their way what all generations share. */
const lookMs = 50;

export type LookoutOptions = Readonly<{
  mend: (unit: Unit) => readonly Mended[];
  /** A listener of the unit could not be mended: who runs has the one that is lost. */
  lost: (unit: string) => void;
  note: (one: Told) => void;
}>;

/** Notices that a process has shut a listener down for all, when something has become of its unit and while it leaves. */
export interface Lookout {
  /** Call after every turn. */
  turned(changes: readonly Changed[]): void;
  close(): void;
}

export function createLookout(options: LookoutOptions): Lookout {
  return new ListenerLookout(options);
}

class ListenerLookout implements Lookout {
  readonly #options: LookoutOptions;
  /** Units with listeners of whom somebody leaves. */
  readonly #leaving = new Map<string, UnitState>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(options: LookoutOptions) {
    this.#options = options;
  }

  turned(changes: readonly Changed[]): void {
    for (const { name, now } of changes) {
      if (now && now.unit.sockets.length > 0 && now.instances.some(leaves)) this.#leaving.set(name, now);
      else this.#leaving.delete(name);
      if (now) this.#look(now);
    }
    if (this.#leaving.size === 0) this.close();
    else this.#timer ??= setInterval(() => this.#lookAtLeaving(), lookMs).unref();
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #lookAtLeaving(): void {
    for (const entry of this.#leaving.values()) this.#look(entry);
  }

  #look({ unit }: UnitState): void {
    if (unit.sockets.length === 0) return;
    const mended = this.#options.mend(unit);
    for (const { name, isLost } of mended) {
      const fate = isLost ? "the next generation gets another one" : "it listens again";
      const text = `a process of ${unit.name} has shut down listener ${name} for all: ${fate}`;
      this.#options.note({ ...told("warn", "listener.shut-down", text), unit: unit.name });
    }
    if (mended.some(({ isLost }) => isLost)) this.#options.lost(unit.name);
  }
}

const leaves = ({ leaving }: State): boolean => leaving.length > 0;
