import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { GroupCommit } from "../../services/queue/group-commit.ts";
import { QueueUnavailable } from "../../services/queue/queue.ts";
import { Turns } from "../../services/queue/sqlite-turns.ts";

let folder: string;
let path: string;
let db: DatabaseSync;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "queue-"));
  path = join(folder, "q.db");
  db = new DatabaseSync(path);
  db.exec("CREATE TABLE t (n INTEGER)");
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

test("after a transaction that somebody has waited for, the lock is left alone for a moment", async () => {
  const turns = new Turns(path);
  const commit = new GroupCommit(db, turns, () => undefined);
  const order: string[] = [];
  await commit.run(() => turns.ask(), true);
  const others = sleep(1).then(() => order.push("somebody else"));
  await commit.run(() => order.push("ourselves"), true);
  await others;
  expect(order).toEqual(["somebody else", "ourselves"]);
});

test("whoever waits for the lock says so, gets it, and is told when it is never free", async () => {
  const turns = new Turns(path);
  const commit = new GroupCommit(db, turns, () => undefined, 200);
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  await expect(commit.run(() => 1, true)).rejects.toThrow(QueueUnavailable);
  expect(turns.wasAskedSince(Date.now() - 60_000)).toBe(true);
  const waiting = commit.run(() => 2, true);
  await sleep(1);
  other.exec("COMMIT");
  expect(await waiting).toBe(2);
  other.close();
});

test("a disk that is full, and a file that is read-only, are told as unavailable", async () => {
  const commit = new GroupCommit(db, new Turns(path), () => undefined);
  db.exec("PRAGMA max_page_count = 1");
  const full = commit.run(() => db.exec("CREATE TABLE more (n INTEGER)"), true);
  await expect(full).rejects.toThrow(QueueUnavailable);
  db.exec("PRAGMA query_only = 1");
  await expect(commit.run(() => db.exec("INSERT INTO t VALUES (1)"), true)).rejects.toThrow(QueueUnavailable);
});
