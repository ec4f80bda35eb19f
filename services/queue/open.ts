import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { isBusy } from "./group-commit.ts";
import { MemoryQueue } from "./memory.ts";
import type { QueueOptions } from "./options.ts";
import type { Queue } from "./queue.ts";
import { SqliteQueue } from "./sqlite.ts";
import { prepareSchema, SCHEMA_VERSION } from "./sqlite-schema.ts";

/** How long another process may be busy with the file while we open it (recovery after a crash, a switch to WAL). */
const OPEN_LIMIT_MS = 10_000;

/** `isConfig`: the URL itself is wrong, and no second try will help. `warnings`: what the store does not promise, as it is set up. */
export type Opened = Readonly<
  { ok: true; queue: Queue; warnings: readonly string[] } | { ok: false; isConfig: boolean; message: string }
>;

/**
 * Opens the store that a URL names: `memory:`, `sqlite:PATH` (relative to the working directory; its folder is made), or
 * `redis://USER:PASSWORD@HOST:PORT/DB?queue=NAME` (`rediss:` for TLS; all but the host may be left out).
 * Errors: a URL of another kind; a file that cannot be opened, is no database, or comes from a newer version; a server that is
 * not there, or refuses us.
 */
export async function openQueue(url: string, options: Partial<QueueOptions> = {}): Promise<Opened> {
  if (url === "memory:") return { ok: true, queue: new MemoryQueue(options), warnings: [] };
  if (url.startsWith("sqlite:")) return openSqlite(url.slice("sqlite:".length), options);
  const kind = /^[a-z][a-z0-9+.-]*(?=:)/.exec(url)?.[0];
  if (kind === "redis" || kind === "rediss") {
    // Most have no Redis, and its client takes as long to load as all other stores.
    const { openRedis } = await import("./redis-open.ts");
    return openRedis(url, options);
  }
  return wrong(
    `a queue URL is memory:, sqlite:PATH or redis://HOST:PORT, got ${kind === undefined ? JSON.stringify(url) : `${kind}:…`}`,
  );
}

async function openSqlite(path: string, options: Partial<QueueOptions>): Promise<Opened> {
  if (path === "" || path === ":memory:") return wrong("sqlite: needs the path of a file, as in sqlite:data/queue.db");
  const file = resolve(path);
  const limit = performance.now() + OPEN_LIMIT_MS;
  for (;;) {
    try {
      return openFile(file, options);
    } catch (error) {
      if (!isBusy(error) || performance.now() > limit) return no(`${file}: ${(error as Error).message}`);
    }
    await sleep(5 + Math.random() * 20);
  }
}

function openFile(file: string, options: Partial<QueueOptions>): Opened {
  mkdirSync(dirname(file), { recursive: true });
  const db = new DatabaseSync(file);
  try {
    db.exec("PRAGMA busy_timeout = 1");
    if (prepareSchema(db)) return { ok: true, queue: new SqliteQueue(db, file, options), warnings: [] };
    db.close();
    return no(`${file}: was written by a newer version (this one knows tables up to version ${SCHEMA_VERSION})`);
  } catch (error) {
    db.close();
    throw error;
  }
}

const no = (message: string): Opened => ({ ok: false, isConfig: false, message });
const wrong = (message: string): Opened => ({ ok: false, isConfig: true, message });
