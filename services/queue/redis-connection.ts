import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis, type RedisOptions, ReplyError } from "ioredis";
import { createAlarms } from "../kit/alarms.ts";
import { QueueUnavailable } from "./queue.ts";
import { type ScriptName, scripts } from "./redis-scripts.ts";
import { Wake } from "./wake.ts";

/** How long Redis may take for an answer, and for a connection. */
export const ANSWER_LIMIT_MS = 2_000;

/** A new try to connect comes after twice the last pause, up to this. */
const PAUSE_CAP_MS = 2_000;

export type Argument = string | number;

/** One store in Redis: a connection for commands, and one that hears bells. Both come back by themselves. */
export class RedisConnection {
  readonly #prefix: string;
  readonly #commands: Redis;
  readonly #bells: Redis;
  /** The server's clock less ours, of monotonic time; null: not asked yet. Units: milliseconds. */
  #clockAheadMs: number | null = null;
  readonly #isBack = new Wake();
  readonly #alarms = createAlarms();

  /** Nothing is connected yet. `ring` is called for each bell, and when one may have been missed. */
  constructor(url: string, prefix: string, ring: () => void) {
    this.#prefix = prefix;
    this.#commands = new Redis(url, settings);
    this.#bells = new Redis(url, common);
    // Whoever asks meanwhile is told; without a listener ioredis would write to stderr.
    for (const client of [this.#commands, this.#bells]) client.on("error", () => undefined);
    this.#commands.on("ready", () => {
      this.#isBack.ring();
      void this.compareClocks();
    });
    this.#bells.on("message", ring);
    this.#bells.on("ready", () => void this.#listen(ring));
  }

  /** Errors: what the first try to connect gave: refused, unknown host, wrong password. */
  async open(): Promise<void> {
    let reason: Error | null = null;
    const keep = (error: Error): void => {
      reason = error;
    };
    this.#commands.once("error", keep);
    try {
      await this.#commands.connect();
      await this.#bells.connect();
    } catch (error) {
      throw reason ?? error;
    } finally {
      this.#commands.off("error", keep);
    }
  }

  /**
   * Runs a script. Errors: QueueUnavailable when Redis is away, does not answer within 2 s, or cannot do it (memory full, loading, read-only).
   */
  async run(name: ScriptName, args: readonly Argument[]): Promise<unknown> {
    try {
      return await this.#evaluate(name, args);
    } catch (error) {
      throw new QueueUnavailable(`redis: ${(error as Error).message}`, { cause: error });
    }
  }

  /**
   * Runs a script that does no harm when it is run twice, again and again until it has an answer or `limitMs` are over.
   * `argsOf` is told whether it was sent before. `takesNo`: what the server itself refuses is not asked again.
   */
  async runUntil(
    { limitMs, takesNo }: Readonly<{ limitMs: number; takesNo: boolean }>,
    name: ScriptName,
    argsOf: (isRepeated: boolean) => readonly Argument[],
  ): Promise<unknown> {
    const limit = performance.now() + limitMs;
    for (let isRepeated = false; ; isRepeated = true) {
      try {
        return await this.run(name, argsOf(isRepeated));
      } catch (error) {
        const isNo = takesNo && (error as QueueUnavailable).cause instanceof ReplyError;
        if (isNo || this.#commands.status === "end") throw error;
        await this.#rest(Math.max(0, limit - performance.now()));
        if (performance.now() >= limit) throw error;
      }
    }
  }

  /** The server's time so long from now; null when its clock is not known. */
  serverTimeIn(ms: number): number | null {
    return this.#clockAheadMs === null ? null : Math.ceil(this.#clockAheadMs + performance.now() + ms);
  }

  /** Asks for the server's time anew. What the answer's way takes counts for us: a deadline is rather too early. */
  async compareClocks(): Promise<void> {
    const time = await this.#limited(this.#commands.time()).catch(() => null);
    if (time) this.#clockAheadMs = Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000) - performance.now();
  }

  /** Asks for what the server says of itself. Shape: `aof_enabled` → `0`. */
  async info(section: string): Promise<ReadonlyMap<string, string>> {
    const lines = (await this.#limited(this.#commands.info(section))).split("\r\n");
    return new Map(lines.map((line) => [line.split(":", 1)[0] ?? "", line.slice(line.indexOf(":") + 1)]));
  }

  /** Asks for a setting of the server. Null: we may not. */
  async setting(name: string): Promise<string | null> {
    const answer: unknown = await this.#limited(this.#commands.config("GET", name)).catch(() => null);
    return Array.isArray(answer) ? String(answer[1]) : null;
  }

  close(): void {
    this.#commands.disconnect();
    this.#bells.disconnect();
    this.#isBack.ring();
  }

  /** Why not by ioredis (`commandTimeout`): its timer for each command takes Deno a tenth of the command. */
  #limited<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const unset = this.#alarms.set(ANSWER_LIMIT_MS, () => reject(new Error("no answer in time")));
      answer.then(resolve, reject).finally(unset);
    });
  }

  async #evaluate(name: ScriptName, args: readonly Argument[]): Promise<unknown> {
    try {
      return await this.#limited(this.#commands.evalsha(hashes[name], 1, this.#prefix, ...args));
    } catch (error) {
      if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
      return this.#limited(this.#commands.eval(scripts[name], 1, this.#prefix, ...args));
    }
  }

  /** Resolves when commands can be sent again, at the latest when `leftMs` are over. */
  async #rest(leftMs: number): Promise<void> {
    if (this.#commands.status === "ready") return sleep(Math.min(leftMs, REST_MS));
    this.#isBack.reset();
    await this.#isBack.sleep(leftMs, never);
  }

  async #listen(ring: () => void): Promise<void> {
    await this.#bells.subscribe(`${this.#prefix}wake`).catch(() => undefined);
    ring();
  }
}

/** Between two tries when Redis is there but says no. */
const REST_MS = 100;

const never = new AbortController().signal;

const common = {
  lazyConnect: true,
  // Nothing waits unseen for a server that is away: the caller is told at once and decides.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: ANSWER_LIMIT_MS,
  connectionName: "supervisor-queue",
  retryStrategy: (times: number) => Math.min(PAUSE_CAP_MS, 25 * 2 ** times) * (0.5 + Math.random() / 2),
} satisfies RedisOptions;

const settings = {
  ...common,
  // A connection that says nothing for so long while we wait is dead, whatever TCP believes.
  socketTimeout: 2 * ANSWER_LIMIT_MS,
  enableAutoPipelining: true,
} satisfies RedisOptions;

const hashes = Object.fromEntries(
  Object.entries(scripts).map(([name, text]) => [name, createHash("sha1").update(text).digest("hex")]),
) as Readonly<Record<ScriptName, string>>;
