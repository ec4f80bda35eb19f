import { expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { openQueue } from "../../services/queue/open.ts";
import { missingOf } from "../support/missing.ts";
import { RedisServer } from "../support/redis-server.ts";
import type { Document } from "./kubernetes-schema.ts";
import { manifestsOf, ownUnits } from "./manifests.ts";

setDefaultTimeout(60_000);

const isMissing = missingOf(["redis-server", "redis-cli"]).length > 0;
if (isMissing) console.warn("redis-server is not on this machine: what KEDA reads is not looked at");

test.skipIf(isMissing)("the sets that KEDA counts are those in which the queue keeps its tasks", async () => {
  const server = await RedisServer.start();
  const url = server.url("mail");
  const { triggers } = manifestsOf(ownUnits, { queue: { url, concurrency: 4 } }).only("ScaledObject", "worker").spec;
  const ask = (...words: readonly string[]): string =>
    spawnSync("redis-cli", ["-p", String(server.port), ...words], { encoding: "utf8", timeout: 10_000 }).stdout.trim();
  // As KEDA's scaler does: the count of a sorted set by ZCARD, that of none by LLEN.
  const counts = (): readonly number[] =>
    triggers.map(({ metadata }: Document) => {
      const kind = ask("-n", metadata.databaseIndex, "TYPE", metadata.listName);
      expect(["zset", "none"]).toContain(kind);
      return Number(ask("-n", metadata.databaseIndex, kind === "zset" ? "ZCARD" : "LLEN", metadata.listName));
    });
  const opened = await openQueue(url);
  if (!opened.ok) throw new Error(opened.message);
  const { queue } = opened;
  expect(counts()).toEqual([0, 0, 0]);
  await queue.enqueue({ type: "a", payload: 1 });
  await queue.enqueue({ type: "a", payload: 2, delayMs: 3_600_000 });
  expect(counts()).toEqual([2, 0, 0]);
  const taken = await queue.take("worker", 60_000);
  expect(counts()).toEqual([1, 0, 1]);
  if (taken) await queue.failed(taken, { code: "x", message: "x" }, true);
  expect(counts()).toEqual([1, 1, 0]);
  await queue.close();
  await server.kill();
});
