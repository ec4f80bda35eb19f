import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openQueue } from "../../services/queue/open.ts";
import type { QueueOptions } from "../../services/queue/options.ts";
import type { Queue } from "../../services/queue/queue.ts";
import { cases, runCase } from "./conformance.ts";

export const storeNames = ["memory", "sqlite"] as const;
export type StoreName = (typeof storeNames)[number];

/** Runs one promise, by its number, on a fresh store that is gone afterwards. */
export async function holdsOn(store: StoreName, number: number): Promise<void> {
  const one = cases[number];
  if (!one) throw new Error(`no case ${number}`);
  const folder = mkdtempSync(join(tmpdir(), "queue-"));
  try {
    await runCase(one, (options) => opened(store === "memory" ? "memory:" : `sqlite:${folder}/q.db`, options));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Opens a queue or throws, which is what a test wants. */
export async function opened(url: string, options: Partial<QueueOptions> = {}): Promise<Queue> {
  const result = await openQueue(url, options);
  if (!result.ok) throw new Error(result.message);
  return result.queue;
}
