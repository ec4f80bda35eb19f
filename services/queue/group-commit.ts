import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { QueueUnavailable } from "./queue.ts";
import type { Turns } from "./sqlite-turns.ts";

/** More in one transaction would hold the event loop and the file's write lock for too long. */
const MAX_WORKS = 256;

/** Another process's transaction takes milliseconds; a lock held this long is stuck. */
const LOCK_LIMIT_MS = 5_000;

/** How often whoever waits for the lock asks, and how long it is left alone for whoever waited. */
const ASK_MS = 1;
const LEAVE_MS = 3;

type Work = Readonly<{ run: () => () => void; reject: (error: unknown) => void; durable: boolean }>;

/**
 * Joins the writes of one turn of the event loop into one transaction: one flush to the disk for all of them.
 * Errors: a promise is rejected with what its own work threw (which must throw before it writes), or, for every
 * work of the group, with what the database says.
 * Why: at 0.12 ms per flush the disk would limit a process to some thousand tasks a second, and every one of them
 * would stop the event loop. The wait for another process's lock is asynchronous for the same reason.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #turns: Turns;
  readonly #begun: () => void;
  readonly #limitMs: number;
  #works: Work[] = [];
  #flushing: Promise<void> | null = null;
  #synchronous = "";

  /** `begun` is told of each transaction, before its first work. `limitMs`: how long a write waits for the lock. */
  constructor(db: DatabaseSync, turns: Turns, begun: () => void, limitMs = LOCK_LIMIT_MS) {
    this.#db = db;
    this.#turns = turns;
    this.#begun = begun;
    this.#limitMs = limitMs;
  }

  /** Runs `work` inside a transaction. `durable`: the promise waits until the disk has it; else a power cut may undo it. */
  run<T>(work: () => T, durable: boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run = () => {
        const value = work();
        return () => resolve(value);
      };
      this.#works.push({ run, reject, durable });
      this.#flushing ??= this.#flushAll();
    });
  }

  /** Resolves when nothing waits to be written. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  async #flushAll(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#works.length > 0) {
      const group = this.#works.splice(0, MAX_WORKS);
      let beganMs = Number.POSITIVE_INFINITY;
      try {
        await this.#begin(group.some((work) => work.durable));
        beganMs = Date.now();
        this.#perform(group);
      } catch (error) {
        const reason = isPassing(error) ? new QueueUnavailable(`sqlite: ${error.message}`, { cause: error }) : error;
        for (const work of group) work.reject(reason);
      }
      if (this.#turns.wasAskedSince(beganMs)) await sleep(LEAVE_MS);
    }
    this.#flushing = null;
  }

  async #begin(durable: boolean): Promise<void> {
    this.#setSynchronous(durable ? "FULL" : "NORMAL");
    const limit = performance.now() + this.#limitMs;
    for (;;) {
      try {
        this.#db.exec("BEGIN IMMEDIATE");
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() > limit) throw error;
      }
      this.#turns.ask();
      await sleep(ASK_MS);
    }
  }

  #perform(group: readonly Work[]): void {
    const settle: (() => void)[] = [];
    this.#begun();
    try {
      for (const work of group) settle.push(attempt(work));
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      throw error;
    }
    for (const tell of settle) tell();
  }

  #rollBack(): void {
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // SQLite rolls back by itself on a full disk or an I/O error; then there is no transaction left to end.
    }
  }

  #setSynchronous(wanted: "FULL" | "NORMAL"): void {
    if (this.#synchronous === wanted) return;
    this.#db.exec(`PRAGMA synchronous = ${wanted}`);
    this.#synchronous = wanted;
  }
}

/** Whether the database was locked by somebody else. Why: Deno's node:sqlite gives no error code, only SQLite's sentence. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && /database (table )?is locked|database is busy/.test(error.message);
}

/** What the database cannot do now, and may later: it is locked, the disk is full or fails, the file is read-only. */
function isPassing(error: unknown): error is Error {
  return (
    isBusy(error) ||
    (error instanceof Error && /disk is full|disk I\/O|readonly database|unable to open/.test(error.message))
  );
}

/** A refusal (QueueFull) is the caller's own and leaves the group alone; anything else is the database's and ends it. */
function attempt(work: Work): () => void {
  try {
    return work.run();
  } catch (error) {
    if (error instanceof Error && error.name === "QueueFull") return () => work.reject(error);
    throw error;
  }
}
