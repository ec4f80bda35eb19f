import type { Reply } from "../control/client.ts";
import type { Status } from "../unit/status.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { frame, screen } from "./render/frame.ts";
import { renderTop, type Sorting, sortings, sortUnits, type TopView } from "./render/top.ts";
import { tellMiss } from "./tell.ts";
import { readTopKeys, type TopKey } from "./top-keys.ts";

const PERIOD_MS = 1000;

/**
 * Shows what units take on the whole screen, until q, Ctrl-C, a signal, or the end of the supervisor or the terminal; the
 * terminal is given back as it was.
 */
export async function run(context: Context): Promise<number> {
  const { flags, err } = context;
  const sorting = sortings.find((each) => each === (flags.sort ?? "cpu"));
  if (sorting === undefined) {
    err(`supervisor top: --sort: must be one of ${sortings.join(", ")}, got '${flags.sort}'`);
    return exit.usage;
  }
  if (context.rows() === Infinity || process.stdin.isTTY !== true) {
    err("supervisor top: needs a terminal; `supervisor status` prints the same once");
    return exit.usage;
  }
  const first = await context.client().status(context.args);
  if (first.tag !== "ok") return tellMiss(context, first, "query");
  const end = await new Top(context, first.value, sorting).show();
  return end.tag === "ok" ? exit.done : tellMiss(context, end, "query");
}

/** Null: the user has seen enough. */
type End = Reply<null>;

class Top {
  readonly #context: Context;
  readonly #over = Promise.withResolvers<End>();
  #view: TopView;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  /** When the status was asked for. Units: monotonic milliseconds. */
  #askedAt = performance.now();

  constructor(context: Context, status: Status, sorting: Sorting) {
    this.#context = context;
    const selected = sortUnits({ status, cpuPercent: new Map(), sorting })[0]?.name ?? null;
    this.#view = { status, cpuPercent: new Map(), sorting, selected };
  }

  async show(): Promise<End> {
    const { stdin, stdout } = process;
    const { out } = this.#context;
    const quit = (): void => this.#end({ tag: "ok", value: null });
    const hear = (typed: Buffer): void => this.#hear(readTopKeys(typed.toString("utf8")));
    const draw = (): void => this.#draw();
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.on(signal, quit);
    stdout.on("resize", draw);
    stdin.on("data", hear).on("end", quit).on("error", quit);
    try {
      stdin.setRawMode(true);
      stdin.resume();
      out(screen.enter);
      this.#draw();
      this.#wait();
      return await this.#over.promise;
    } finally {
      clearTimeout(this.#timer);
      out(screen.leave);
      stdin.setRawMode(false);
      stdin.pause();
      stdin.off("data", hear).off("end", quit);
      stdout.off("resize", draw);
      for (const signal of signals) process.off(signal, quit);
    }
  }

  #end(end: End): void {
    this.#isOver = true;
    this.#over.resolve(end);
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.#ask(), PERIOD_MS);
  }

  async #ask(): Promise<void> {
    const askedAt = performance.now();
    const reply = await this.#context.client().status(this.#context.args);
    if (this.#isOver) return;
    if (reply.tag !== "ok") return this.#end(reply);
    const cpuPercent = percents(this.#view.status, reply.value, askedAt - this.#askedAt);
    this.#askedAt = askedAt;
    const { selected } = this.#view;
    const isThere = reply.value.units.some(({ name }) => name === selected);
    const view = { ...this.#view, status: reply.value, cpuPercent };
    this.#view = isThere ? view : { ...view, selected: sortUnits(view)[0]?.name ?? null };
    this.#draw();
    this.#wait();
  }

  #hear(keys: readonly TopKey[]): void {
    for (const key of keys) {
      if (key === "quit") this.#end({ tag: "ok", value: null });
      else if (key === "sort") this.#view = { ...this.#view, sorting: afterwards(this.#view.sorting) };
      else this.#select(key);
    }
    if (!this.#isOver) this.#draw();
  }

  #select(key: Exclude<TopKey, "quit" | "sort">): void {
    const names = sortUnits(this.#view).map(({ name }) => name);
    const at = names.indexOf(this.#view.selected ?? "");
    const last = names.length - 1;
    const next = { up: Math.max(0, at - 1), down: Math.min(last, at + 1), first: 0, last }[key];
    this.#view = { ...this.#view, selected: names[next] ?? null };
  }

  #draw(): void {
    const { width, rows, colour, now, out } = this.#context;
    const look = { width: width(), rows: rows(), colour, now: now() };
    out(frame(renderTop(this.#view, look), look.rows));
  }
}

function afterwards(sorting: Sorting): Sorting {
  return sortings[(sortings.indexOf(sorting) + 1) % sortings.length] ?? sorting;
}

/** Of one processor, by invocation, between two looks. */
function percents(before: Status, now: Status, elapsedMs: number): ReadonlyMap<string, number> {
  const seconds = new Map(
    before.units.flatMap(({ instances }) => instances.map((one) => [one.invocation_id, one.cpu_seconds] as const)),
  );
  const all = now.units.flatMap(({ instances }) => instances);
  return new Map(
    all.flatMap(({ invocation_id: invocation, cpu_seconds: taken }) => {
      const earlier = seconds.get(invocation) ?? null;
      if (taken === null || earlier === null || elapsedMs <= 0) return [];
      return [[invocation, (Math.max(0, taken - earlier) * 100_000) / elapsedMs] as const];
    }),
  );
}
