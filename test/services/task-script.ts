import { writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { ENDED_STATES } from "../../services/queue/queue.ts";
import { eventually } from "../support/eventually.ts";
import { CLOSE } from "./api-client.ts";

/** What came of a task, or of a request that made none. No times, no ids: those differ from run to run. */
export type Fate = Readonly<Record<string, unknown>>;

/** What the script asks of the service under test. */
export type Stage = Readonly<{ url: string; target: Target; folder: string }>;

type Asked = Readonly<{ status: number; body: Record<string, unknown> }>;
type Ask = (method: string, path: string, body?: unknown, key?: string) => Promise<Asked>;

const LIMIT_MS = 30_000;

/**
 * Gives tasks of both types to a service that does one at a time, and tells what came of each.
 * `seen`: the order in which the webhooks of the last scenes arrived.
 */
export async function playTasks({ url, target, folder }: Stage): Promise<Record<string, Fate>> {
  const ask: Ask = async (method, path, body, key) => {
    const headers = {
      ...CLOSE,
      "content-type": "application/json",
      ...(key !== undefined && { "idempotency-key": key }),
    };
    const answer = await fetch(url + path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : JSON.parse(text) };
  };
  const given = Object.entries(plainTasks(target.url)).map(
    async ([name, task]) => [name, await fateOf(ask, task)] as const,
  );
  const fates: Record<string, Fate> = Object.fromEntries(await Promise.all(given));
  return {
    ...fates,
    ...(await repeats(ask)),
    ...(await orders({ url, target, folder }, ask)),
    ...(await queueing(target, ask)),
  };
}

/** Tasks that do not depend on each other. */
function plainTasks(target: string): Record<string, unknown> {
  const report = (payload: object, more: object = {}) => ({
    type: "report.aggregate",
    payload: { group_by: "k", sum: "v", ...payload },
    ...more,
  });
  const hook = (path: string, more: object = {}, payload: object = {}) => ({
    type: "webhook.deliver",
    payload: { url: target + path, body: { a: 1 }, ...payload },
    ...more,
  });
  const row = (k: unknown, v: unknown) => ({ k, v });
  return {
    sum: report({ rows: [row("a", 1), row("a", 2)] }),
    groups: report({ rows: [row("a", 1), row("b", 2.5), row("a", -4)] }),
    "no rows": report({ rows: [] }),
    "groups that are no text": report({ rows: [row(true, 1), row(7, 2)] }),
    "other fields": report({ rows: [{ color: "red", n: 3 }], group_by: "color", sum: "n" }),
    "an NDJSON file": report({ file: "good.ndjson" }),
    "a CSV file": report({ file: "good.csv" }),
    "a row without its group": report({ rows: [row("a", 1), { v: 2 }] }),
    "a row without a number": report({ rows: [row("a", "much")] }),
    "a line that is no JSON": report({ file: "bad.ndjson" }),
    "a record with a field too many": report({ file: "bad.csv" }),
    "a file elsewhere": report({ file: "../good.csv" }),
    "a file that is missing": report({ file: "missing.csv" }, { max_attempts: 2 }),
    "a file and rows": report({ file: "good.csv", rows: [] }),
    "a file of another kind": report({ file: "good.txt" }),
    delivered: hook("/200"),
    "delivered as text, with a header": hook("/204", {}, { body: "text", headers: { "x-a": "1" } }),
    "refused by the target": hook("/404"),
    "sent elsewhere by the target": hook("/302"),
    "failed until it was dead": hook("/500", { max_attempts: 3 }),
    "failed twice, then delivered": hook("/flaky/503/503/200"),
    "too many requests, then delivered": hook("/flaky/429/200"),
    "never answered": hook("/silent", { max_attempts: 2 }, { timeout_ms: 50 }),
    "no address": hook("", {}, { url: "ftp://example.org/" }),
    "one attempt only": hook("/503", { max_attempts: 1 }),
    "a type that is not known": { type: "tea.make", payload: {} },
    "a key that is not known": report({ rows: [] }, { colour: 1 }),
    "a delay": report({ rows: [row("a", 1)] }, { delay_ms: 60 }),
  };
}

/** Gives a task and waits for its end. */
async function fateOf(ask: Ask, task: unknown): Promise<Fate> {
  const { status, body } = await ask("POST", "/tasks", task);
  if (status !== 202)
    return { status, code: body.code, fields: ((body.errors ?? []) as { field: string }[]).map(({ field }) => field) };
  const ended = await settled(ask, String(body.id));
  const delayMs = (task as { delay_ms?: number }).delay_ms;
  const restedMs = Date.parse(String(ended.started_at)) - Date.parse(String(ended.created_at));
  return { ...told(ended), ...(delayMs !== undefined && { rested: restedMs >= delayMs }) };
}

const settled = (ask: Ask, id: string): Promise<Record<string, unknown>> =>
  eventually(
    async () => {
      const { body } = await ask("GET", `/tasks/${id}`);
      return ENDED_STATES.some((state) => state === body.state) ? body : null;
    },
    LIMIT_MS,
    `task ${id} has ended`,
  );

function told({ state, attempts, result, error }: Record<string, unknown>): Fate {
  const { duration_ms, ...lasting } = (result ?? {}) as Record<string, unknown>;
  const code = (error as { code: string } | null)?.code;
  return { state, attempts, ...(result !== null && { result: lasting }), ...(code !== undefined && { code }) };
}

/** What is asked for twice under one key. */
async function repeats(ask: Ask): Promise<Record<string, Fate>> {
  const task = { type: "report.aggregate", payload: { rows: [], group_by: "k", sum: "v" } };
  const first = await ask("POST", "/tasks", task, "key-1");
  const again = await ask("POST", "/tasks", task, "key-1");
  const other = await ask("POST", "/tasks", task, "key-2");
  await settled(ask, String(first.body.id));
  const late = await ask("POST", "/tasks", { ...task, payload: { ...task.payload, sum: "w" } }, "key-1");
  const same = [again, other, late].map(({ status, body }) => [status, body.id === first.body.id]);
  return { "one key": { status: first.status, same } };
}

/** What is ordered about single tasks: cancel, retry, discard. */
async function orders({ target, folder }: Stage, ask: Ask): Promise<Record<string, Fate>> {
  const give = async (task: object): Promise<string> => String((await ask("POST", "/tasks", task)).body.id);
  const about = async (id: string, ...order: readonly [string, string]): Promise<readonly unknown[]> => {
    const { status, body } = await ask(order[0], `/tasks/${id}${order[1]}`);
    return [status, body.state ?? body.code ?? null];
  };
  const rows = { group_by: "k", sum: "v" };

  const waiting = await give({ type: "report.aggregate", payload: { ...rows, rows: [] }, delay_ms: 3_600_000 });
  const cancelled = [await about(waiting, "POST", "/cancel"), await about(waiting, "POST", "/cancel")];
  const running = await give({ type: "webhook.deliver", payload: { url: `${target.url}/held/running`, body: 1 } });
  await eventually(() => target.seen.includes("/held/running"), LIMIT_MS, "the webhook is on its way");
  const stopped = await about(running, "POST", "/cancel");
  target.release("/held/running");

  const failed = await give({ type: "report.aggregate", payload: { ...rows, file: "late.csv" }, max_attempts: 1 });
  const before = told(await settled(ask, failed));
  writeFileSync(join(folder, "data", "late.csv"), "k,v\nz,5\n");
  const retried = await about(failed, "POST", "/retry");
  const after = told(await settled(ask, failed));
  const refused = await about(failed, "POST", "/retry");
  const forgotten = [
    await about(failed, "DELETE", ""),
    await about(failed, "GET", ""),
    await about(failed, "DELETE", ""),
  ];
  return {
    "cancelled while it waits": { cancelled, ...told(await settled(ask, waiting)) },
    "cancelled while it runs": { stopped, ...told(await settled(ask, running)) },
    "queued anew": { before, retried: retried[0], after, refused },
    forgotten: { forgotten },
  };
}

/** Who comes first, while the only worker is busy. */
async function queueing(target: Target, ask: Ask): Promise<Record<string, Fate>> {
  const give = async (path: string, priority: number): Promise<string> => {
    const payload = { url: target.url + path, body: null };
    return String((await ask("POST", "/tasks", { type: "webhook.deliver", payload, priority })).body.id);
  };
  const held = await give("/held/first", 100);
  await eventually(() => target.seen.includes("/held/first"), LIMIT_MS, "the only worker is busy");
  const given: [string, number][] = [
    ["/200/low", -5],
    ["/200/plain", 0],
    ["/200/high", 10],
    ["/200/plain-too", 0],
    ["/200/high-too", 10],
  ];
  const ids: string[] = [held];
  for (const [path, priority] of given) ids.push(await give(path, priority));
  const before = target.seen.length;
  target.release("/held/first");
  const ends = await Promise.all(ids.map((id) => settled(ask, id)));
  return { priorities: { seen: target.seen.slice(before), states: ends.map(({ state }) => state) } };
}

/** The files that the tasks read. */
export function writeTaskFiles(data: string): void {
  const files = {
    "good.ndjson": '{"k":"a","v":1}\n\n{"k":"b","v":2}\n{"k":"a","v":3}\n',
    "good.csv": 'k,v\n"x, ""y""",1\nz,2.5\n',
    "bad.ndjson": '{"k":"a","v":1}\nnot at all\n',
    "bad.csv": "k,v\na,1\nb,2,3\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(data, name), text);
}

/**
 * A webhook's receiving end. `/200/…` is answered with that status, `/flaky/503/200` with each of these in turn, `/held/…` when it is
 * released, `/silent` never. `seen`: the paths in the order they came.
 */
export interface Target {
  readonly url: string;
  readonly seen: readonly string[];
  release(path: string): void;
  close(): Promise<void>;
}

export async function openTaskTarget(): Promise<Target> {
  const seen: string[] = [];
  const held = new Map<string, ServerResponse>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const came = seen.filter((other) => other === path).length;
    seen.push(path);
    request.resume();
    const [, kind, ...rest] = path.split("/");
    if (kind === "held") held.set(path, response);
    else if (kind === "flaky") response.writeHead(Number(rest[came] ?? rest.at(-1))).end();
    else if (kind !== "silent") response.writeHead(Number(kind), { location: "/200" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    release: (path) => void held.get(path)?.writeHead(200).end(),
    close() {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
