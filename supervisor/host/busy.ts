/** More tellings than this in a window, and the descriptor is looked at instead of listened to. */
const MOST_TOLD = 16;
const WINDOW_MS = 10;
/** A pipe of a mebibyte takes that long to fill at 350 MB/s. Units: milliseconds. */
const LOOK_MS = 2;
/** So many looks in a row that found nothing, and it is listened to again. */
const VAIN_LOOKS = 5;

/** How often a descriptor was told lately. */
export type Tellings = { sinceMs: number; count: number; vainLooks: number };

export const noTellings = (): Tellings => ({ sinceMs: Number.NEGATIVE_INFINITY, count: 0, vainLooks: 0 });

/** Counts one telling. True when there are too many of them to be told of each. */
export function isTooOften(tellings: Tellings, nowMs: number): boolean {
  if (nowMs - tellings.sinceMs > WINDOW_MS) {
    tellings.sinceMs = nowMs;
    tellings.count = 0;
  }
  tellings.count++;
  return tellings.count > MOST_TOLD;
}

/** Counts one look. True when it has been in vain often enough to listen again. */
export function isQuiet(tellings: Tellings, hasMore: boolean): boolean {
  tellings.vainLooks = hasMore ? 0 : tellings.vainLooks + 1;
  return tellings.vainLooks >= VAIN_LOOKS;
}

/** Calls again and again while there is somebody to look at. */
export class Looking {
  readonly #look: () => boolean;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `look` answers whether to go on. */
  constructor(look: () => boolean) {
    this.#look = look;
  }

  begin(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#look()) this.begin();
    }, LOOK_MS);
    this.#timer.unref();
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
