import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Desk, Order } from "../daemon/ports.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import { parseSignal } from "../unit/signal.ts";
import type { UnitStatus } from "../unit/status.ts";
import { readBody } from "./body.ts";
import { addConfig } from "./config.ts";
import { eventFrames } from "./events.ts";
import { readGiver } from "./giver.ts";
import { giverHeader } from "./introduce.ts";
import { loadedUnit } from "./loaded.ts";
import { addLogs, type LogOptions } from "./logs.ts";
import type { Figures } from "./metrics/figures.ts";
import { createMetrics, metricsType } from "./metrics.ts";
import { openapi } from "./openapi.ts";
import { internalProblem, problem } from "./problem.ts";
import { addReexec, type Reexec } from "./reexec.ts";
import { addReleases } from "./releases.ts";
import { schemas } from "./schema.ts";
import { statusText } from "./status-text.ts";
import { streamResponse } from "./stream.ts";
import { countHappenings } from "./tally.ts";
import { carriesToken } from "./token.ts";
import { readWait, timedOut, within } from "./wait.ts";
import { type HistoryOf, whyOf } from "./why.ts";

export type ControlOptions = Readonly<{
  logs: LogOptions["logs"];
  /** Asked for on every route but /healthz. `null` on the unix socket, which its mode protects. */
  token: string | null;
  /** Ends every open stream, so that the server can go away. */
  closing: AbortSignal;
  /** Where `/metrics` has its figures from beside the status and what happens. */
  figures?: Figures;
  /** What happened to each unit, also in earlier lives of the supervisor; nothing when left out. */
  history?: HistoryOf;
  /** Replaces the supervisor's own program; left out: there is no such route. */
  reexec?: Reexec;
  /** Hears of a bug: the client is told nothing of it. */
  onBug: (error: unknown) => void;
}>;

const BODY_LIMIT_BYTES = 64 * 1024;
const BEAT_MS = 15_000;

/**
 * The control API over a desk. It decides nothing: it reads snapshots and posts orders, and no request waits for another.
 * `:name` takes patterns, separated by commas: `api`, `api@2`, `work*`, `all`, `api,redis`.
 * Source: the contract, §6.
 */
export function createControl(desk: Desk, options: ControlOptions): Hono {
  const app = new Hono();
  app.onError((error) => {
    options.onBug(error);
    return internalProblem();
  });
  app.notFound((c) => refuse(`there is no ${c.req.method} ${c.req.path}`, 404));
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  const { token } = options;
  if (token !== null) {
    app.use(async (c, next) => {
      if (carriesToken(c.req.header("authorization"), token)) return next();
      return refuse("a bearer token is required, and this request carries none that is valid", 401);
    });
  }
  app.use(
    bodyLimit({
      maxSize: BODY_LIMIT_BYTES,
      onError: () => refuse(`body: is larger than ${BODY_LIMIT_BYTES} bytes`, 413),
    }),
  );
  addQueries(app, desk, options);
  addStreams(app, desk, options);
  addOrders(app, desk, options.onBug);
  addConfig(app, desk, options.onBug);
  addReleases(app, desk, options.onBug);
  if (options.reexec) addReexec(app, options.reexec);
  return app;
}

function addQueries(app: Hono, desk: Desk, options: ControlOptions): void {
  const tallies = countHappenings(desk, options.closing, options.onBug);
  const metrics = createMetrics(desk, tallies, options.figures ?? {});
  app.get("/metrics", async () => new Response(await metrics(), { headers: { "content-type": metricsType } }));
  // Made when it is first asked for, and once: it takes long enough to be felt.
  let document: ReturnType<typeof openapi> | null = null;
  app.get("/v1/openapi.json", (c) => {
    document ??= openapi();
    return c.json(document);
  });
  app.get("/v1/status", (c) => {
    const status = desk.status();
    const patterns = c.req.queries("unit");
    if (patterns === undefined) return c.body(statusText(status), 200, { "content-type": "application/json" });
    const found = find(desk, patterns);
    return found.ok ? c.json({ ...status, units: found.value }) : problem(found.faults);
  });
  app.get("/v1/units/:name", (c) => {
    const found = findOne(desk, c.req.param("name"));
    return found.ok ? c.json(withLoss(desk.inspect(found.value.name) ?? found.value, options)) : problem(found.faults);
  });
  app.get("/v1/units/:name/unit", (c) => {
    const found = findOne(desk, c.req.param("name"));
    if (!found.ok) return problem(found.faults);
    const unit = desk.loaded(unitOf(found.value.name));
    if (unit !== null) return c.json(loadedUnit(unit));
    return refuse(`${found.value.name}: nothing is known of its file`, 404);
  });
  app.get("/v1/units/:name/why", (c) => {
    const why = whyOf(desk, options.history ?? (() => []), c.req.param("name"), c.req.query("limit"));
    return why.ok ? c.json(why.value) : problem(why.faults);
  });
}

/** Says, where that is so, that not all that the unit printed could be kept. */
function withLoss(unit: UnitStatus, { figures }: ControlOptions): UnitStatus {
  const { droppedLines = 0 } = figures?.output?.(unitOf(unit.name)) ?? {};
  if (droppedLines === 0) return unit;
  const lines = droppedLines === 1 ? "1 line" : `${droppedLines} lines`;
  return { ...unit, warnings: [...unit.warnings, `${lines} of its output could not be written, and are lost`] };
}

function addStreams(app: Hono, desk: Desk, options: ControlOptions): void {
  const { closing, onBug } = options;
  addLogs(app, desk, options);
  app.get("/v1/events", (c) => {
    const after = readCount("after", c.req.header("last-event-id") ?? c.req.query("after"), 0);
    if (!after.ok) return problem(after.faults);
    const manner = { beatMs: BEAT_MS, follow: isSet(c.req.query("follow") ?? "1") };
    const source = (signal: AbortSignal) => eventFrames(desk.happenings(after.value, signal), manner);
    return streamResponse(source, { contentType: "text/event-stream", closing, onBug });
  });
}

type Bug = (error: unknown) => void;

function addOrders(app: Hono, desk: Desk, onBug: Bug): void {
  for (const tag of ["start", "restart", "reload", "reset-failed", "settle"] as const) {
    app.post(`/v1/units/:name/${tag}`, async (c) => {
      const body = await readBody(c.req.raw, schemas.NoBody);
      if (!body.ok) return problem(body.faults);
      return place(c, desk, (units) => ({ tag, units }), onBug);
    });
  }
  app.post("/v1/units/:name/stop", async (c) => {
    const body = await readBody(c.req.raw, schemas.StopBody);
    if (!body.ok) return problem(body.faults);
    return place(c, desk, (units) => ({ tag: "stop", units, cascade: body.value.cascade }), onBug);
  });
  app.post("/v1/units/:name/scale", async (c) => {
    const body = await readBody(c.req.raw, schemas.ScaleBody);
    if (!body.ok) return problem(body.faults);
    const { instances, by = 0 } = body.value;
    const [count, relative] = instances === undefined ? [by, true] : [instances, false];
    return place(c, desk, (units) => ({ tag: "scale", units, count, relative }), onBug);
  });
  app.post("/v1/units/:name/signal", async (c) => {
    const body = await readBody(c.req.raw, schemas.SignalBody);
    if (!body.ok) return problem(body.faults);
    const signal = parseSignal(body.value.signal);
    if (signal === null) return refuse(`body.signal: there is no signal '${body.value.signal}'`, 400);
    return place(c, desk, (units) => ({ tag: "signal", units, signal }), onBug);
  });
  app.post("/v1/reload", async (c) => {
    const body = await readBody(c.req.raw, schemas.NoBody);
    return body.ok ? place(c, desk, () => ({ tag: "reload", units: null }), onBug) : problem(body.faults);
  });
  app.post("/v1/stop", async (c) => {
    const body = await readBody(c.req.raw, schemas.NoBody);
    if (!body.ok) return problem(body.faults);
    return place(c, desk, () => ({ tag: "stop", units: null, cascade: true }), onBug);
  });
}

/** Gives the order; answers at once, or when it is settled, or at the client's limit. */
async function place(
  c: Context,
  desk: Desk,
  makeOrder: (units: readonly string[]) => Order,
  onBug: Bug,
): Promise<Response> {
  const waitMs = readWait(c.req.query("wait"));
  if (!waitMs.ok) return problem(waitMs.faults);
  const name = c.req.param("name");
  const units = name === undefined ? ok(desk.status().units.map((unit) => unit.name)) : desk.match(name.split(","));
  if (!units.ok) return problem(units.faults);
  const order = makeOrder(units.value);
  const given = desk.order(order, readGiver(c.req.header(giverHeader)));
  if (!given.ok) return problem(given.faults);
  if (waitMs.value === null) {
    given.value.catch(onBug);
    return c.json({ accepted: true }, 202);
  }
  const verdicts = await within(given.value, waitMs.value);
  return c.json({
    verdicts:
      verdicts ?? timedOut(order.tag === "settle" ? "start" : order.tag, units.value, waitMs.value, desk.status()),
  });
}

function find(desk: Desk, patterns: readonly string[]): Outcome<readonly UnitStatus[]> {
  const names = desk.match(patterns);
  if (!names.ok) return names;
  const wanted = new Set(names.value);
  const units = desk.status().units.filter((unit) => wanted.has(unit.name));
  const whole = new Set(units.map(({ name }) => name));
  const instances = names.value.filter((name) => name.includes("@") && !whole.has(unitOf(name)));
  return ok([...units, ...instances.flatMap((name) => withoutTree(desk.inspect(name)) ?? [])]);
}

/** Shape: `api@2` → `api`. */
function unitOf(name: string): string {
  return name.replace(/@\d+$/, "");
}

/** The list tells no process trees, of an instance neither. */
function withoutTree(unit: UnitStatus | null): UnitStatus | null {
  return unit && { ...unit, instances: unit.instances.map(({ processes: _, ...one }) => one) };
}

function findOne(desk: Desk, name: string): Outcome<UnitStatus> {
  const found = find(desk, [name]);
  if (!found.ok) return found;
  const [first, ...others] = found.value;
  if (first !== undefined && others.length === 0) return ok(first);
  return fail(invalid(`'${name}' stands for ${found.value.length} units, and this route answers for one`));
}

function readCount(key: string, text: string | undefined, absent: number): Outcome<number> {
  if (text === undefined) return ok(absent);
  if (/^\d{1,15}$/.test(text)) return ok(Number(text));
  return fail(invalid(`${key}: must be a whole number of 0 or more, got '${text}'`));
}

function isSet(flag: string | undefined): boolean {
  return flag !== undefined && flag !== "0" && flag !== "false";
}

function refuse(message: string, status: number): Response {
  return problem([invalid(message)], status);
}

function invalid(message: string): Fault {
  return { code: "request-invalid", message, retry: "never" };
}
