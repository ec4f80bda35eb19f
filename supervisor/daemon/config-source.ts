import { setTimeout as pause } from "node:timers/promises";
import { beginPoll, requestOf, stepPoll } from "../core/source.ts";
import type { SourceStatus } from "../unit/status.ts";
import { type Told, told } from "./happening.ts";
import type { AskSource, Clock, Desk } from "./ports.ts";

/** `tokenFile`: what is in it proves who asks. */
export type SourcePlace = Readonly<{ url: string; tokenFile: string | null }>;

/** What a source said last. */
export type Held = Readonly<{ url: string; text: string }>;

export type SourceEar = Readonly<{ changed: () => void; note: (one: Told) => void }>;

export type ConfigSourceOptions = Readonly<{ ask: AskSource; clock: Pick<Clock, "now" | "wall">; roll: () => number }>;

/**
 * Keeps asking the remote source of settings. What it says is heard and held, and nothing else: it is read, checked and taken with the files.
 * After `use` of another source what the last one said is held until the new one has answered.
 */
export interface ConfigSource {
  /** Asks this one from now on; null: none. `kept`: what it said in an earlier life of the supervisor. */
  use(place: SourcePlace | null, kept?: string | null): void;
  readonly held: Held | null;
  /** Resolves with its first answer, be it trouble, or after `limitMs`: then it counts as away. */
  first(limitMs: number): Promise<void>;
  /** Who hears of changes from now on, and that it is away, if it is. */
  hear(ear: SourceEar): void;
  /** Null: there is none. */
  status(): SourceStatus | null;
  close(): void;
}

export function createConfigSource(options: ConfigSourceOptions): ConfigSource {
  return new Source(options);
}

/** A desk whose status tells of the source, too. `desk` must be a record of functions, whose `this` does not matter. */
export function withSource(desk: Desk, source: Pick<ConfigSource, "status">): Desk {
  return {
    ...desk,
    status() {
      const status = desk.status();
      const about = source.status();
      return about ? { ...status, supervisor: { ...status.supervisor, config_source: about } } : status;
    },
  };
}

class Source implements ConfigSource {
  readonly #options: ConfigSourceOptions;
  #place: SourcePlace | null = null;
  #held: Held | null = null;
  #status: SourceStatus | null = null;
  #ear: SourceEar | null = null;
  #following = new AbortController();
  #answered = Promise.withResolvers<void>();

  constructor(options: ConfigSourceOptions) {
    this.#options = options;
  }

  get held(): Held | null {
    return this.#held;
  }

  use(place: SourcePlace | null, kept: string | null = null): void {
    if (place?.url === this.#place?.url && place?.tokenFile === this.#place?.tokenFile) return;
    this.#following.abort();
    this.#following = new AbortController();
    this.#place = place;
    if (place && kept !== null) this.#held = { url: place.url, text: kept };
    if (!place) this.#held = null;
    this.#status = place && { url: place.url, state: "asked", since: this.#now(), reason: null };
    if (place) void this.#follow(place, this.#following.signal);
  }

  async first(limitMs: number): Promise<void> {
    const late = new AbortController();
    await Promise.race([this.#answered.promise, pause(limitMs, undefined, { signal: late.signal })]);
    late.abort();
    if (this.#status?.state === "asked") this.#turn(this.#status.url, `has not answered within ${limitMs / 1000} s`);
  }

  hear(ear: SourceEar): void {
    this.#ear = ear;
    if (this.#status?.state === "away") this.#tellAway(this.#status);
  }

  status(): SourceStatus | null {
    return this.#status;
  }

  close(): void {
    this.#following.abort();
  }

  async #follow(place: SourcePlace, signal: AbortSignal): Promise<void> {
    const { ask, clock, roll } = this.#options;
    const { url, tokenFile } = place;
    let poll = beginPoll(this.#held?.url === url ? this.#held.text : null);
    while (!signal.aborted) {
      const answer = await ask({ ...requestOf(url, poll), tokenFile }, signal);
      if (signal.aborted) return;
      const step = stepPoll(poll, answer, clock.now(), roll());
      poll = step.poll;
      if (step.news !== null) this.#held = { url, text: step.news };
      this.#turn(url, answer.tag === "trouble" ? answer.why : null);
      this.#answered.resolve();
      if (step.news !== null) this.#ear?.changed();
      await pause(step.afterMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Takes down whether it answers, and tells when that is another thing than before. */
  #turn(url: string, reason: string | null): void {
    const before = this.#status;
    const state = reason === null ? "answers" : "away";
    this.#status = { url, state, since: before?.state === state ? before.since : this.#now(), reason };
    if (before?.state === state) return;
    if (state === "away") this.#tellAway(this.#status);
    else if (before?.state === "away") this.#ear?.note(told("info", "config.source-back", `${url} answers again`));
  }

  #tellAway({ url, reason: why }: SourceStatus): void {
    const text = `${url} ${why}: ${this.#held ? "what it said last goes on" : "goes on without it"}`;
    this.#ear?.note({ ...told("warn", "config.source-away", text), why });
  }

  #now(): string {
    return this.#options.clock.wall().toISOString();
  }
}
