import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeNames } from "../queue/stores.ts";
import { RedisServer } from "../support/redis-server.ts";
import { apiUrl, startService } from "./api-client.ts";
import { type Program, type RuntimeName, runtimes } from "./program.ts";
import { type Fate, openTaskTarget, playTasks, writeTaskFiles } from "./task-script.ts";

setDefaultTimeout(90_000);

type Way = Readonly<{ modes: readonly string[]; queue: (run: string) => string | Promise<string> }>;

let redis: Promise<RedisServer> | null = null;
afterAll(async () => (await redis)?.remove());

async function redisUrl(run: string): Promise<string> {
  redis ??= RedisServer.start();
  return (await redis).url(run);
}

/** Each way to run the services. `queue`: where its store is, for one run of them. */
const ways: Readonly<Record<string, Way>> = {
  "all-in-one on memory": { modes: ["all-in-one"], queue: () => "memory:" },
  "all-in-one on SQLite": { modes: ["all-in-one"], queue: () => "sqlite:data/queue.db" },
  "api and worker on SQLite": { modes: ["api", "worker"], queue: () => "sqlite:data/queue.db" },
  ...(storeNames.includes("redis") && { "api and worker on Redis": { modes: ["api", "worker"], queue: redisUrl } }),
};

/** One task at a time, so that who comes first is seen; retries come at once. */
const SETTINGS = [
  "worker.concurrency=1",
  "worker.webhook_reach=any",
  "queue.backoff_base_ms=1",
  "queue.backoff_cap_ms=2",
  "api.shed_over_ms=0",
];

let programs: Program[] = [];
let folders: string[] = [];
afterEach(async () => {
  for (const program of programs) program.child.kill("SIGKILL");
  await Promise.all(programs.map(({ exited }) => exited));
  for (const folder of folders) rmSync(folder, { recursive: true });
  [programs, folders] = [[], []];
});

async function play(runtime: RuntimeName, { modes, queue }: Way): Promise<Record<string, Fate>> {
  const folder = mkdtempSync(join(tmpdir(), "services-"));
  folders.push(folder);
  mkdirSync(join(folder, "data"));
  writeTaskFiles(join(folder, "data"));
  const settings = [`queue.url=${await queue(runtime)}`, ...SETTINGS];
  const started = modes.map((mode) => startService({ runtime, mode, cwd: folder, settings }));
  programs.push(...started);
  const target = await openTaskTarget();
  const [first] = started;
  if (!first) throw new Error("a way without a process");
  const fates = await playTasks({ url: await apiUrl(first), target, folder });
  await target.close();
  return fates;
}

test.each(runtimes)("on %s every way to run the services makes the same of the same tasks", async (runtime) => {
  const played = Object.entries(ways).map(async ([name, way]) => [name, await play(runtime, way)] as const);
  for (const [name, fates] of await Promise.all(played)) expect({ [name]: fates }).toEqual({ [name]: expected });
});

const done = (result: unknown, attempts = 1) => ({ state: "done", attempts, result });
const dead = (code: string, attempts = 1) => ({ state: "dead", attempts, code });
const refused = (...fields: string[]) => ({ status: 400, code: "request-invalid", fields });

const groups = (rows: number, groups: Record<string, number>) => done({ groups, rows });

const expected: Readonly<Record<string, Fate>> = {
  sum: groups(2, { a: 3 }),
  groups: groups(3, { a: -3, b: 2.5 }),
  "no rows": groups(0, {}),
  "groups that are no text": groups(2, { true: 1, 7: 2 }),
  "other fields": groups(1, { red: 3 }),
  "an NDJSON file": groups(3, { a: 4, b: 2 }),
  "a CSV file": groups(2, { 'x, "y"': 1, z: 2.5 }),
  "a row without its group": dead("bad-row"),
  "a row without a number": dead("bad-row"),
  "a line that is no JSON": dead("bad-row"),
  "a record with a field too many": dead("bad-row"),
  "a file elsewhere": dead("file-outside"),
  "a file that is missing": dead("file-missing", 2),
  "a file and rows": refused("payload.rows"),
  "a file of another kind": refused("payload.file"),
  delivered: done({ status: 200 }),
  "delivered as text, with a header": done({ status: 204 }),
  "refused by the target": dead("http-status"),
  "sent elsewhere by the target": dead("http-status"),
  "failed until it was dead": dead("http-status", 3),
  "failed twice, then delivered": done({ status: 200 }, 3),
  "too many requests, then delivered": done({ status: 200 }, 2),
  "never answered": dead("timed-out", 2),
  "no address": refused("payload.url"),
  "one attempt only": dead("http-status"),
  "a type that is not known": refused("type"),
  "a key that is not known": refused("colour"),
  "a delay": { ...groups(1, { a: 1 }), rested: true },
  "one key": {
    status: 202,
    same: [
      [202, true],
      [202, false],
      [202, true],
    ],
  },
  "cancelled while it waits": {
    cancelled: [
      [200, "cancelled"],
      [409, "task-state"],
    ],
    state: "cancelled",
    attempts: 0,
  },
  "cancelled while it runs": { stopped: [200, "cancelled"], state: "cancelled", attempts: 1 },
  "queued anew": {
    before: dead("file-missing"),
    retried: 200,
    after: groups(1, { z: 5 }),
    refused: [409, "task-state"],
  },
  forgotten: {
    forgotten: [
      [204, null],
      [404, "task-unknown"],
      [404, "task-unknown"],
    ],
  },
  priorities: {
    seen: ["/200/high", "/200/high-too", "/200/plain", "/200/plain-too", "/200/low"],
    states: ["done", "done", "done", "done", "done", "done"],
  },
};
