import { createHash } from "node:crypto";
import { type Life, processLife } from "./life.ts";
import { notify } from "./notify.ts";

/** The configuration of a running process: what holds, and who hears when something else does. */
export interface LiveConfig<T> {
  readonly value: T;
  /** 1 at first, and one more with each change that was taken. */
  readonly version: number;
  /**
   * Hears of each change. All hear of it in one step, in the order they were added. Whoever throws refuses it: those who have heard of it hear of
   * the way back, and what held before goes on. Gives the way to hear no more.
   */
  on(event: "change", apply: (now: T, before: T) => void): () => void;
  /** Reads it anew, as SIGHUP does. While that is under way, a second call has it read once more afterwards. */
  reload(): Promise<ConfigResult>;
}

/** `same`: it was only touched. `refused`: what held before goes on, under its version. */
export type ConfigResult = Readonly<
  | { tag: "changed"; version: number }
  | { tag: "same"; version: number }
  | { tag: "refused"; version: number; why: string }
>;

export type ConfigOptions<T> = Readonly<{
  /** Reads all of it and checks it, files and what they refer to. Errors: whatever it throws is a refusal, its message the reason. */
  read: () => T | Promise<T>;
  /** Hears what became of each reload, for the log. */
  told?: (result: ConfigResult) => void;
  /** How long `read` may take. Units: milliseconds. Left out: 10 s. */
  limitMs?: number;
  edge?: ConfigEdge;
}>;

/** What it needs of the process, so that a test needs none. */
export type ConfigEdge = Readonly<{
  life: Pick<Life, "isReady">;
  notify(fields: Readonly<Record<string, string>>): void;
  hangUp(heard: () => void): void;
}>;

const LIMIT_MS = 10_000;

/**
 * Reads the configuration and keeps it: on SIGHUP it is read anew, and nothing is polled. A change holds as a whole or not at all.
 * Errors: rejects with what the first `read` throws.
 * Source: sd_notify(3) for RELOADING=1, MONOTONIC_USEC= and READY=1, which are said about each reload once the process is ready.
 */
export async function liveConfig<T>(options: ConfigOptions<T>): Promise<LiveConfig<T>> {
  const { edge = processEdge() } = options;
  const config = new Kept(options, edge, await within(options.read, options.limitMs));
  edge.hangUp(() => void config.reload());
  return config;
}

type Apply<T> = (now: T, before: T) => void;

class Kept<T> implements LiveConfig<T> {
  readonly #options: ConfigOptions<T>;
  readonly #edge: ConfigEdge;
  readonly #hearers = new Set<Apply<T>>();
  #value: T;
  #checksum: string;
  #version = 1;
  /** The last one was, and the supervisor has been told. */
  #isRefused = false;
  #reading: Promise<ConfigResult> = Promise.resolve({ tag: "same", version: 1 });
  /** One that waits for the one under way. */
  #next: Promise<ConfigResult> | null = null;

  constructor(options: ConfigOptions<T>, edge: ConfigEdge, value: T) {
    this.#options = options;
    this.#edge = edge;
    this.#value = value;
    this.#checksum = checksumOf(value);
  }

  get value(): T {
    return this.#value;
  }

  get version(): number {
    return this.#version;
  }

  on(_event: "change", apply: Apply<T>): () => void {
    this.#hearers.add(apply);
    return () => void this.#hearers.delete(apply);
  }

  reload(): Promise<ConfigResult> {
    this.#next ??= this.#reading.then(() => {
      this.#next = null;
      this.#reading = this.#announced();
      return this.#reading;
    });
    return this.#next;
  }

  async #announced(): Promise<ConfigResult> {
    // Whoever is not ready yet must not say READY=1 for this.
    const isHeard = this.#edge.life.isReady;
    if (isHeard) this.#edge.notify({ RELOADING: "1", MONOTONIC_USEC: String(process.hrtime.bigint() / 1000n) });
    const result = await this.#read();
    if (isHeard) this.#edge.notify({ READY: "1", ...wordsOf(result, this.#isRefused) });
    this.#isRefused = result.tag === "refused";
    this.#options.told?.(result);
    return result;
  }

  async #read(): Promise<ConfigResult> {
    try {
      return this.#take(await within(this.#options.read, this.#options.limitMs));
    } catch (error) {
      return { tag: "refused", version: this.#version, why: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Errors: throws what a hearer throws, after all is as it was. */
  #take(value: T): ConfigResult {
    const checksum = checksumOf(value);
    if (checksum === this.#checksum) return { tag: "same", version: this.#version };
    const before = this.#value;
    const heard: Apply<T>[] = [];
    this.#value = value;
    try {
      for (const apply of this.#hearers) {
        heard.push(apply);
        apply(value, before);
      }
    } catch (error) {
      this.#value = before;
      for (const apply of heard.reverse()) goBack(() => apply(before, value));
      throw error;
    }
    this.#checksum = checksum;
    this.#version++;
    return { tag: "changed", version: this.#version };
  }
}

function goBack(apply: () => void): void {
  try {
    apply();
  } catch {
    // It has refused the new one already, and this is what it had before: the first reason is the one to be told.
  }
}

/** What is said beside READY=1. A refusal is an error (EINVAL), which the next words take back. */
function wordsOf(result: ConfigResult, wasRefused: boolean): Readonly<Record<string, string>> {
  const { tag, version } = result;
  if (tag === "refused") return { STATUS: `configuration refused, ${version} goes on: ${result.why}`, ERRNO: "22" };
  return tag === "changed" || wasRefused ? { STATUS: `configuration ${version}` } : {};
}

/** Why not the value itself: secrets are kept in one place only. */
function checksumOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(value) ?? "")
    .digest("base64");
}

async function within<T>(read: () => T | Promise<T>, limitMs = LIMIT_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the configuration was not read within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([read(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function processEdge(): ConfigEdge {
  return {
    life: processLife(),
    notify: (fields) => void notify(fields),
    hangUp: (heard) => void process.on("SIGHUP", heard),
  };
}
