import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openQueue } from "../../services/queue/open.ts";
import type { QueueOptions } from "../../services/queue/options.ts";
import type { Queue } from "../../services/queue/queue.ts";
import { missingOf } from "../support/missing.ts";
import { RedisServer } from "../support/redis-server.ts";
import { cases, runCase } from "./conformance.ts";

export type StoreName = "memory" | "sqlite" | "redis";

const hasRedis = missingOf(["redis-server"]).length === 0;

/** Those that this machine has. */
export const storeNames: readonly StoreName[] = ["memory", "sqlite", ...(hasRedis ? ["redis" as const] : [])];

let redis: Promise<RedisServer> | null = null;

/** Runs one promise, by its number, on a fresh store that is gone afterwards. */
export async function holdsOn(store: StoreName, number: number): Promise<void> {
  const one = cases[number];
  if (!one) throw new Error(`no case ${number}`);
  const folder = mkdtempSync(join(tmpdir(), "queue-"));
  try {
    const url = await urlOf(store, folder, number);
    await runCase(one, (options) => opened(url, options));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Ends what was started for all cases. */
export async function closeStores(): Promise<void> {
  await (await redis)?.remove();
  redis = null;
}

/** Opens a queue or throws, which is what a test wants. */
export async function opened(url: string, options: Partial<QueueOptions> = {}): Promise<Queue> {
  const result = await openQueue(url, options);
  if (!result.ok) throw new Error(result.message);
  return result.queue;
}

async function urlOf(store: StoreName, folder: string, number: number): Promise<string> {
  if (store === "memory") return "memory:";
  if (store === "sqlite") return `sqlite:${folder}/q.db`;
  redis ??= RedisServer.start();
  return (await redis).url(`case-${number}`);
}
