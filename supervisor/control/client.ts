import { join } from "node:path";
import type { Happening, Order, Verdict } from "../daemon/ports.ts";
import type { Plan } from "../unit/plan.ts";
import type { ReleaseStatus } from "../unit/release.ts";
import type { Setting } from "../unit/setting.ts";
import type { Status, UnitStatus } from "../unit/status.ts";
import type { Why } from "../unit/why.ts";
import { introduce } from "./introduce.ts";
import type { LoadedUnit } from "./loaded.ts";
import type { Reply } from "./reply.ts";
import { open, send, sendText } from "./wire.ts";

export type { Happening, Order, Verdict } from "../daemon/ports.ts";
export { userName } from "./introduce.ts";
export type { Json, JsonObject, LoadedUnit } from "./loaded.ts";
export type { Miss, Reply } from "./reply.ts";

export type LogsWanted = Readonly<{ lines: number; follow: boolean; signal: AbortSignal }>;

/** `lines: "all"` is as many as there are. `since`, `until`: RFC 3339. */
export type PrintedWanted = Readonly<{
  lines: number | "all";
  follow: boolean;
  since: string | null;
  until: string | null;
  stream: string | null;
  output: "raw" | "json";
  signal: AbortSignal;
}>;

export type EventsWanted = Readonly<{ after: number; follow: boolean; signal: AbortSignal }>;

/** The daemon as the command line sees it. No call throws and none waits for ever; streams alone last as long as their signal lets them. */
export interface Client {
  readonly socket: string;
  /** Asks for every unit, or for those that the patterns name. */
  status(patterns?: readonly string[]): Promise<Reply<Status>>;
  /** Asks for one unit, with its processes. */
  unit(name: string): Promise<Reply<UnitStatus>>;
  /** Asks what a unit's file said when it was loaded. */
  loaded(name: string): Promise<Reply<LoadedUnit>>;
  /** Asks for the last things that happened to a unit (`api`) or an instance (`api@2`), at most `limit`. */
  why(name: string, limit: number): Promise<Reply<Why>>;
  /** Asks what a reload of the files would do. */
  plan(): Promise<Reply<Plan>>;
  /** Asks for the settings that hold. */
  settings(): Promise<Reply<readonly Setting[]>>;
  /** Asks for the releases there are. */
  releases(): Promise<Reply<readonly ReleaseStatus[]>>;
  /** Gives an order; its units may be patterns. `waitMs: null` does not wait, and is answered without a verdict. */
  order(order: Order, waitMs: number | null): Promise<Reply<readonly Verdict[]>>;
  /** Asks it to replace its own program; answered before it does. */
  reexec(runtime: string | null, limitMs: number): Promise<Reply<unknown>>;
  logs(unit: string, wanted: LogsWanted): Promise<Reply<AsyncIterable<string>>>;
  /** Gives what units printed, merged by time, in pieces that need not end with a line. */
  printed(patterns: readonly string[], wanted: PrintedWanted): Promise<Reply<AsyncIterable<string>>>;
  /** Gives what happened after `seq`; following, then what happens. */
  events(wanted: EventsWanted): Promise<Reply<AsyncIterable<Happening>>>;
}

/** The daemon waits this long at most for an order, so nobody needs to wait longer. */
export const longestWaitMs = 3_600_000;

const QUERY_LIMIT_MS = 10_000;
const GRACE_MS = 5_000;

/** Makes the client for a state directory. It loads nothing but node:http and connects anew for each call. */
export function createClient(stateDir: string, queryLimitMs = QUERY_LIMIT_MS): Client {
  const socket = join(stateDir, "control.sock");
  const limitMs = Math.min(queryLimitMs, longestWaitMs);
  const get = (path: string) => ({ socket, method: "GET", path, limitMs }) as const;
  return {
    socket,
    status: (patterns = []) => send<Status>(get(`/v1/status${query(patterns.map((unit) => ["unit", unit]))}`)),
    unit: (name) => send<UnitStatus>(get(`/v1/units/${encodeURIComponent(name)}`)),
    loaded: (name) => send<LoadedUnit>(get(`/v1/units/${encodeURIComponent(name)}/unit`)),
    why: (name, limit) => send<Why>(get(`/v1/units/${encodeURIComponent(name)}/why?limit=${limit}`)),
    plan: () => send<Plan>(get("/v1/config/diff")),
    async settings() {
      const reply = await send<{ settings: readonly Setting[] }>(get("/v1/config"));
      return reply.tag === "ok" ? { tag: "ok", value: reply.value.settings } : reply;
    },
    async releases() {
      const reply = await send<{ releases: readonly ReleaseStatus[] }>(get("/v1/releases"));
      return reply.tag === "ok" ? { tag: "ok", value: reply.value.releases } : reply;
    },
    async order(order, waitMs) {
      const limited = waitMs === null ? null : Math.min(Math.ceil(waitMs), longestWaitMs);
      const path = `${orderPath(order)}${query(limited === null ? [] : [["wait", `${limited}ms`]])}`;
      const reply = await send<{ verdicts?: readonly Verdict[] }>({
        socket,
        method: "POST",
        path,
        body: orderBody(order),
        headers: introduce(),
        limitMs: limited === null ? limitMs : limited + GRACE_MS,
      });
      return reply.tag === "ok" ? { tag: "ok", value: reply.value.verdicts ?? [] } : reply;
    },
    reexec: (runtime, waitMs) => {
      const body = runtime === null ? undefined : { runtime };
      return send({ socket, method: "POST", path: "/v1/reexec", body, headers: introduce(), limitMs: waitMs });
    },
    async logs(unit, { lines, follow, signal }) {
      const path = `/v1/units/${encodeURIComponent(unit)}/logs?lines=${lines}`;
      if (follow) return open(get(`${path}&follow=1`), signal);
      const reply = await sendText(get(path));
      return reply.tag === "ok" ? { tag: "ok", value: once(reply.value) } : reply;
    },
    printed: (patterns, { signal, follow, ...wanted }) => {
      const told = Object.entries(wanted).filter(([, value]) => value !== null);
      const pairs = [...told, ["follow", follow ? 1 : 0]].map(([key, value]) => [String(key), String(value)] as const);
      return open(get(`/v1/logs${query([...patterns.map((unit) => ["unit", unit] as const), ...pairs])}`), signal);
    },
    async events({ after, follow, signal }) {
      const reply = await open(get(`/v1/events?after=${after}&follow=${follow ? 1 : 0}`), signal);
      return reply.tag === "ok" ? { tag: "ok", value: happenings(reply.value) } : reply;
    },
  };
}

function query(pairs: readonly (readonly [string, string])[]): string {
  const text = new URLSearchParams(pairs.map(([key, value]) => [key, value])).toString();
  return text === "" ? "" : `?${text}`;
}

function orderPath(order: Order): string {
  if (order.tag === "reconfigure") return "/v1/config/reload";
  if (order.tag === "deploy") return `/v1/releases/${encodeURIComponent(order.release)}/deploy`;
  if (order.tag === "rollback") return "/v1/rollback";
  if ((order.tag === "stop" || order.tag === "reload") && order.units === null) return `/v1/${order.tag}`;
  return `/v1/units/${encodeURIComponent((order.units ?? []).join(","))}/${order.tag}`;
}

function orderBody(order: Order): unknown {
  if (order.tag === "signal") return { signal: order.signal };
  if (order.tag === "deploy") return { insist: order.insist };
  if (order.tag === "rollback") return { release: order.release };
  if (order.tag === "scale") return order.relative ? { by: order.count } : { instances: order.count };
  return order.tag === "stop" && order.units !== null ? { cascade: order.cascade } : undefined;
}

async function* once(text: string): AsyncIterable<string> {
  if (text !== "") yield text;
}

async function* happenings(pieces: AsyncIterable<string>): AsyncIterable<Happening> {
  let held = "";
  for await (const piece of pieces) {
    const frames = (held + piece).split("\n\n");
    held = frames.pop() ?? "";
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data !== undefined) yield JSON.parse(data);
    }
  }
}
