import type { Life } from "../kit/life.ts";
import { inherited } from "../kit/listeners.ts";
import { servePrivately } from "../kit/private.ts";
import { type Servable, type Served, type ServeOptions, serve } from "../kit/serve.ts";
import { type Quota, QuotaExceeded } from "./quota.ts";
import { within } from "./time-limit.ts";

/** Where an app is to be served, as `serve` of the kit has it. */
export type Place = Pick<ServeOptions, "listener" | "host" | "port" | "path" | "drainMs">;

/** A listener as a module sees it: closing it is not its business. */
export type Listening = Omit<Served, "close">;

/** Where the supervisor asks this very process, if it does. */
const PRIVATE = "private";

/** How long a copy that is followed may still answer, when its module does not say. */
const DRAIN_MS = 30_000;

/** How long a client is to wait that cannot be answered now. Units: seconds. */
const RETRY_AFTER_S = 1;

/**
 * The listeners of one module, from its first copy to its last. Whoever asks at one is answered by the copy that works; between
 * a copy that has failed and the next one, by 503. So no connection is cut, and none refused, when copies follow each other.
 */
export class Doors {
  readonly #life: Life;
  readonly #doors = new Map<string, Door>();

  /** `life`: the process's, whose drain closes all of them. */
  constructor(life: Life) {
    this.#life = life;
  }

  /** Begins the visit of one copy. `quota`: how many requests it takes at a time. */
  visit(quota: Quota): Visit {
    return new Visit((place) => this.#at(place), quota);
  }

  /** Closes those that nobody serves at any more. */
  async closeDeserted(): Promise<void> {
    const deserted = [...this.#doors.values()].filter(({ guests }) => guests.size === 0);
    await Promise.all(deserted.map((door) => door.close()));
  }

  /** Closes them all: drains each, and answers meanwhile. */
  async close(): Promise<void> {
    await Promise.all([...this.#doors.values()].map((door) => door.close()));
  }

  #at(place: Place | typeof PRIVATE): Door {
    const key = keyOf(place);
    const known = this.#doors.get(key);
    if (known) return known;
    const open = (door: Door) => (place === PRIVATE ? openPrivate(door, this.#life) : openTo(door, place, this.#life));
    const door = new Door(open, () => this.#doors.delete(key));
    this.#doors.set(key, door);
    return door;
  }
}

/** Of a listener that was passed to the process, its name says everything. */
function keyOf(place: Place | typeof PRIVATE): string {
  if (place === PRIVATE) return PRIVATE;
  const { listener, host, port, path } = place;
  if (listener !== undefined && inherited().has(listener)) return listener;
  return path ?? `${host}:${port}`;
}

/** `listening`: what there is to tell of it. */
type Opened = Readonly<{ listening: Listening | null; close(): Promise<void> }>;

async function openTo(door: Door, place: Place, life: Life): Promise<Opened> {
  const served = await serve(door, { ...place, life });
  return { listening: served, close: () => served.close() };
}

async function openPrivate(door: Door, life: Life): Promise<Opened> {
  const aside = await servePrivately(door);
  const close = async (): Promise<void> => {
    // While the process drains it is asked to its very end.
    if (!life.draining.aborted) await aside?.close();
  };
  return { listening: null, close };
}

/** One copy at the doors of its module. */
export class Visit {
  readonly #at: (place: Place | typeof PRIVATE) => Door;
  readonly #quota: Quota;
  readonly #guests: Guest[] = [];
  #works = false;
  #isOver = false;

  constructor(at: (place: Place | typeof PRIVATE) => Door, quota: Quota) {
    this.#at = at;
    this.#quota = quota;
  }

  /** Errors: as `serve` of the kit; and when the copy has ended, for one that did not hear of it. */
  async listen(app: Servable, place: Place): Promise<Listening> {
    const { listening } = await this.#enter(app, place, place.drainMs);
    if (!listening) throw new Error("the private listener tells nothing of itself");
    return listening;
  }

  async listenPrivately(app: Servable): Promise<void> {
    await this.#enter(app, PRIVATE);
  }

  /** From now on it is the one that answers. */
  takeOver(): void {
    this.#works = true;
    for (const guest of this.#guests) guest.door.current = guest;
  }

  /**
   * Resolves when it has answered whatever it was asked. `isFollowed`: another copy comes, and finds the doors open.
   * What it still streams is not waited for: it goes on.
   */
  async leave(isFollowed: boolean): Promise<void> {
    this.#isOver = true;
    const left = this.#guests.splice(0).map(async (guest) => {
      const { door } = guest;
      door.guests.delete(guest);
      if (door.current !== guest) return guest.idle();
      if (!isFollowed) return door.close();
      door.current = null;
      await guest.idle();
    });
    await Promise.all(left);
  }

  async #enter(app: Servable, place: Place | typeof PRIVATE, drainMs = DRAIN_MS): Promise<Opened> {
    if (this.#isOver) throw new Error("a copy that has ended listens nowhere");
    const door = this.#at(place);
    const guest = new Guest(app, door, { drainMs, quota: this.#quota });
    door.guests.add(guest);
    this.#guests.push(guest);
    if (this.#works || door.current === null) door.current = guest;
    return door.opened;
  }
}

/** What is served at one listener: whoever is current. */
class Door implements Servable {
  readonly guests = new Set<Guest>();
  current: Guest | null = null;
  readonly opened: Promise<Opened>;
  readonly #forget: () => void;

  /** `forget`: it is about to close, or could not be opened. */
  constructor(open: (door: Door) => Promise<Opened>, forget: () => void) {
    this.#forget = forget;
    this.opened = open(this);
    this.opened.catch(forget);
  }

  fetch(request: Request, ...rest: unknown[]): Response | Promise<Response> {
    return this.current?.fetch(request, rest) ?? refusal("module-restarting");
  }

  /** One that could not be opened is closed already. */
  async close(): Promise<void> {
    this.#forget();
    const opened = await this.opened.catch(() => null);
    await opened?.close();
  }
}

/** The app of one copy at one door, and how much it is asked at the moment. */
class Guest {
  readonly door: Door;
  readonly #app: Servable;
  readonly #limits: GuestLimits;
  #inFlight = 0;
  #told: (() => void) | null = null;

  constructor(app: Servable, door: Door, limits: GuestLimits) {
    this.#app = app;
    this.door = door;
    this.#limits = limits;
  }

  fetch(request: Request, rest: readonly unknown[]): Response | Promise<Response> {
    try {
      return this.#limits.quota.run(() => {
        this.#inFlight++;
        return this.#app.fetch(request, ...rest);
      }, this.#answered);
    } catch (error) {
      if (!(error instanceof QuotaExceeded)) throw error;
      return refusal("module-busy");
    }
  }

  /** Resolves when it has answered everything. What takes longer than its limit is not waited for: it goes on, and is answered. */
  async idle(): Promise<void> {
    if (this.#inFlight === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#told = resolve;
    });
    await within(idle, this.#limits.drainMs, "what is in flight").catch(() => undefined);
  }

  readonly #answered = (): void => {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#told?.();
  };
}

type GuestLimits = Readonly<{ drainMs: number; quota: Quota }>;

const REFUSALS = {
  "module-restarting": "The module that answers here starts anew; try again in a moment.",
  "module-busy": "The module that answers here has as many requests in hand as it may; try again in a moment.",
} as const;

/** Shape: that of RFC 9457, as the API's problems. */
function refusal(code: keyof typeof REFUSALS): Response {
  const body = { type: "about:blank", title: "Service Unavailable", status: 503, code, detail: REFUSALS[code] };
  const headers = { "content-type": "application/problem+json", "retry-after": String(RETRY_AFTER_S) };
  return new Response(JSON.stringify(body), { status: 503, headers });
}
