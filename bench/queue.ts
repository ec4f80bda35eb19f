import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisServer } from "../test/support/redis-server.ts";
import type { RuntimeName } from "../test/support/root.ts";
import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { runSides, type Span } from "./queue/side.ts";

/**
 * How many tasks a second go through the queue, from `enqueue` to `done`, with one process that makes them and one that works, as
 * the bundled worker does: medians of `--runs N`, in turns, on fresh stores. `durable`: each is on the disk before the next is made.
 * BullMQ does the same on the same server in the same turn; `ratio` is ours to its, the median over the turns.
 */
export const name = "queue";
export const flags = { runs: 5 };

type Contender = Readonly<{ name: string; count: number; atOnce: number; redis?: boolean; roles: readonly string[] }>;

const contenders: readonly Contender[] = [
  { name: "memory, without a worker", count: 512_000, atOnce: 256, roles: ["alone"] },
  { name: "memory, in batches", count: 300_000, atOnce: 256, roles: ["both"] },
  { name: "sqlite, in batches", count: 40_000, atOnce: 256, roles: ["work", "make"] },
  { name: "sqlite, 16 clients", count: 10_000, atOnce: 16, roles: ["work", "make"] },
  { name: "redis, in batches", count: 40_000, atOnce: 256, redis: true, roles: ["work", "make"] },
  { name: "BullMQ, in batches", count: 40_000, atOnce: 256, redis: true, roles: ["bull-work", "bull-make"] },
];

export async function run({ runs }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const runtime of ["bun", "deno"] as const) {
    const rates = new Map<string, number[]>(contenders.map((contender) => [contender.name, []]));
    for (let turn = 0; turn < runs; turn++) {
      for (const contender of turn % 2 === 0 ? contenders : contenders.toReversed()) {
        rates.get(contender.name)?.push(await rateOf(runtime, contender));
      }
    }
    const bull = rates.get("BullMQ, in batches") ?? [];
    for (const { name, count, redis } of contenders) {
      const ours = rates.get(name) ?? [];
      const percents = ours.map((rate, at) => (rate / (bull[at] ?? 1)) * 100);
      const ratio = redis ? (median(percents) / 100).toFixed(2) : "";
      rows.push([name, runtime, count, Math.round(median(ours)), Math.round(Math.min(...ours)), ratio]);
    }
  }
  return { columns: ["store", "runtime", "tasks", "tasks per second", "the least", "to BullMQ"], rows };
}

async function rateOf(runtime: RuntimeName, { count, atOnce, redis, name, roles }: Contender): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "bench-queue-"));
  // As BullMQ's users have it: what is written is flushed once a second.
  const server = redis ? await RedisServer.start(["--appendfsync", "everysec"]) : null;
  const url = server?.url() ?? (name.startsWith("memory") ? "memory:" : `sqlite:${folder}/queue.db`);
  try {
    return (
      count /
      seconds(
        await runSides(
          runtime,
          roles.map((role) => ({ role, url, count, atOnce })),
        ),
      )
    );
  } finally {
    await server?.remove();
    rmSync(folder, { recursive: true });
  }
}

function seconds(spans: readonly Span[]): number {
  return (Math.max(...spans.map(({ ended }) => ended)) - Math.min(...spans.map(({ began }) => began))) / 1_000;
}
