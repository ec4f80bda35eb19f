import { nearest } from "../unit/nearest.ts";
import type { Context } from "./context.ts";
import { readCount } from "./count.ts";
import { exit } from "./exit.ts";
import { type Answer, createQueueApi, type QueueApi } from "./queue/queue-api.ts";
import { servingPlace } from "./queue/serving.ts";
import { type QueueStats, type QueueTask, renderStats, renderTasks } from "./render/queue.ts";
import { tellMiss } from "./tell.ts";

const LIMIT_MS = 10_000;
const LISTED = 20;
/** The most that the API gives at a time. */
const PAGE = 1000;

/** `supervisor queue stats|list|retry|discard|pause|resume`: asks the API of the bundled services, wherever it keeps its tasks. */
export async function run(context: Context): Promise<number> {
  const [what = "", ...rest] = context.args;
  const action = actions[what];
  if (action === undefined) return misused(context, `must be ${names}, got '${what}'${suggestion(what)}`);
  if (rest.length < action.least || rest.length > action.most) {
    return misused(context, `usage: supervisor queue ${what} ${action.operands}`.trimEnd());
  }
  const status = await context.client().status();
  if (status.tag !== "ok") return tellMiss(context, status, "query");
  const named = typeof context.flags.unit === "string" ? context.flags.unit : null;
  const place = servingPlace(status.value.units, named);
  if (typeof place === "string") {
    context.err(`supervisor queue: ${place}`);
    return exit.notActive;
  }
  return action.run(context, createQueueApi(place, context.timeoutMs ?? LIMIT_MS), rest);
}

type Action = Readonly<{
  least: number;
  most: number;
  operands: string;
  run: (context: Context, api: QueueApi, operands: readonly string[]) => Promise<number>;
}>;

const alone = { least: 0, most: 0, operands: "" };
const ofAType = { least: 0, most: 1, operands: "[TYPE]" };
const ofTasks = { least: 1, most: Number.POSITIVE_INFINITY, operands: "ID…|all" };

const actions: Readonly<Record<string, Action>> = {
  stats: { ...alone, run: (context, api) => tellStats(context, api.ask("GET", "/queue")) },
  list: { least: 0, most: 1, operands: "[STATE]", run: list },
  retry: { ...ofTasks, run: (context, api, ids) => orderEach(context, api, ids, retried) },
  discard: { ...ofTasks, run: (context, api, ids) => orderEach(context, api, ids, discarded) },
  pause: { ...ofAType, run: (context, api, [type]) => tellStats(context, api.ask("POST", ofType("pause", type))) },
  resume: { ...ofAType, run: (context, api, [type]) => tellStats(context, api.ask("POST", ofType("resume", type))) },
};

const names = Object.keys(actions)
  .join(", ")
  .replace(/, (?=[^,]*$)/, " or ");

function suggestion(what: string): string {
  const near = nearest(what, Object.keys(actions));
  return near ? `; did you mean '${near}'?` : "";
}

const ofType = (what: string, type: string | undefined): string =>
  `/queue/${what}${type === undefined ? "" : `?type=${encodeURIComponent(type)}`}`;

/** Prints how the queue is now, also after it was paused or resumed. */
async function tellStats(context: Context, asked: Promise<Answer<QueueStats>>): Promise<number> {
  const answer = await asked;
  if (!answer.ok) return failed(context, answer);
  if (context.json) context.out(`${JSON.stringify(answer.value, null, 2)}\n`);
  else if (!context.quiet || context.args[0] === "stats") context.out(renderStats(answer.value));
  return exit.done;
}

type Page = Readonly<{ tasks: readonly QueueTask[]; next: string | null }>;

async function list(context: Context, api: QueueApi, [state]: readonly string[]): Promise<number> {
  const count = readCount(context, "lines", LISTED);
  if (count === null) return exit.usage;
  const { after } = context.flags;
  const query = new URLSearchParams({
    ...(state !== undefined && { state }),
    ...(typeof after === "string" && { after }),
    limit: String(Math.min(Math.max(1, count), PAGE)),
  });
  const answer = await api.ask<Page>("GET", `/tasks?${query}`);
  if (!answer.ok) return failed(context, answer);
  if (context.json) context.out(`${JSON.stringify(answer.value, null, 2)}\n`);
  else context.out(renderTasks(answer.value.tasks, context.now()));
  return exit.done;
}

/** What is ordered about one task, and what is said when it is done. */
type Order = Readonly<{ method: "POST" | "DELETE"; path: (id: string) => string; done: string }>;

const retried: Order = { method: "POST", path: (id) => `/tasks/${encodeURIComponent(id)}/retry`, done: "queued" };
const discarded: Order = { method: "DELETE", path: (id) => `/tasks/${encodeURIComponent(id)}`, done: "forgotten" };

/** Gives the order for each task; `all` are those that are dead. One that cannot be done does not keep the others from it. */
async function orderEach(context: Context, api: QueueApi, ids: readonly string[], order: Order): Promise<number> {
  const [what = ""] = context.args;
  const results: { id: string; result: string }[] = [];
  let code: number = exit.done;
  const give = async (id: string): Promise<void> => {
    const answer = await api.ask(order.method, order.path(id));
    results.push({ id, result: answer.ok ? order.done : (answer.code ?? "failed") });
    if (!answer.ok) {
      context.err(`queue ${what} ${id}: ${answer.message}`);
      code = exit.failed;
    } else if (!context.quiet && !context.json) context.out(`${id}: ${order.done}\n`);
  };
  if (ids.length === 1 && ids[0] === "all") {
    // Who is dead now, and not who dies again meanwhile: it goes on behind the last one of each page.
    for (let after = "", isMore = true; isMore; ) {
      const page = await api.ask<Page>("GET", `/tasks?state=dead&limit=${PAGE}${after && `&after=${after}`}`);
      if (!page.ok) return failed(context, page);
      for (const { id } of page.value.tasks) await give(id);
      after = page.value.tasks.at(-1)?.id ?? "";
      isMore = page.value.next !== null;
    }
  } else for (const id of ids) await give(id);
  if (context.json) context.out(`${JSON.stringify({ tasks: results }, null, 2)}\n`);
  return code;
}

function failed(context: Context, { message, isLate }: Extract<Answer<unknown>, { ok: false }>): number {
  context.err(`supervisor queue ${context.args[0]}: ${message}`);
  return isLate ? exit.timedOut : exit.failed;
}

function misused(context: Context, message: string): number {
  context.err(`supervisor queue: ${message}`);
  return exit.usage;
}
