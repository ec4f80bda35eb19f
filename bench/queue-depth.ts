import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisServer } from "../test/support/redis-server.ts";
import type { Figure, Flags } from "./figure.ts";
import { runSides } from "./queue/side.ts";

/** What a task costs, from `enqueue` to `done` in one process, past so many that wait; `--most N` is the deepest. */
export const name = "queue-depth";
export const isLong = true;
export const flags = { most: 1_000_000 };

const PASSING = 5_000;
const stores = ["memory", "sqlite", "redis"] as const;

export async function run({ most }: Flags<typeof flags>): Promise<Figure> {
  const depths = [1_000, 10_000, 100_000, 1_000_000].filter((depth) => depth <= most);
  const rows: (string | number)[][] = [];
  for (const runtime of ["bun", "deno"] as const) {
    for (const store of stores) {
      const costs: number[] = [];
      for (const count of depths) costs.push(await costOf(store, runtime, count));
      const [first = Number.NaN] = costs;
      rows.push([store, runtime, ...costs, ((costs.at(-1) ?? Number.NaN) / first).toFixed(2)]);
    }
  }
  return { columns: ["store", "runtime", ...depths.map((depth) => `µs past ${depth}`), "last to first"], rows };
}

/** Units: microseconds for each task. */
async function costOf(store: (typeof stores)[number], runtime: "bun" | "deno", count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "bench-queue-"));
  const server = store === "redis" ? await RedisServer.start(["--appendonly", "no"]) : null;
  const url = server?.url() ?? (store === "memory" ? "memory:" : `sqlite:${folder}/queue.db`);
  try {
    const [span] = await runSides(runtime, [{ role: "depth", url, count, atOnce: 64 }]);
    return span ? Math.round(((span.ended - span.began) * 1_000) / PASSING) : Number.NaN;
  } finally {
    await server?.remove();
    rmSync(folder, { recursive: true });
  }
}
