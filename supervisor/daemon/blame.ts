import { isUp } from "../core/state.ts";
import type { World } from "../core/world.ts";
import type { Chain, Reason } from "../unit/reason.ts";
import type { Told } from "./happening.ts";
import { kinship } from "./kinship.ts";
import type { Giver } from "./ports.ts";

/** An order, and one of the wishes that it came down to. */
export type Asked = Readonly<{
  /** Shape: `stop`, `signal SIGTERM`. */
  order: string;
  wish: keyof typeof explains;
  /** Whom the wish reaches. Shape: `["redis", "api@2"]`. */
  units: readonly string[];
  /** Whom the order named; null: everybody. */
  named: readonly string[] | null;
  by: Giver;
  /** What changed in its unit file, where that is why. */
  keys?: readonly string[];
}>;

/**
 * Remembers who asked for what, and completes what the core reports: to the core a stop is a stop, whoever wanted it.
 * Why beside the core: nothing is ever decided by who asked.
 */
export interface Blame {
  /** Call before the wish is posted. */
  asked(asked: Asked): void;
  complete(told: Told): Told;
}

export function createBlame(world: () => World): Blame {
  return new Ledger(world);
}

/** The kinds of moves that an ask explains, each once for every instance. */
type Kind = "stop" | "start" | "handover" | "reset" | "signal";

const explains = {
  "want-up": ["start"],
  "want-down": ["stop"],
  "want-restart": ["stop", "start"],
  "want-reload": ["handover"],
  "want-reload-command": [],
  "reset-failed": ["reset"],
  scale: ["stop", "start"],
  signal: ["signal"],
} as const satisfies Record<string, readonly Kind[]>;

/** A chain, and its clause for people. */
type Account = Readonly<{ chain: Chain; why: string }>;
type Ask = Account & Readonly<{ number: number; spent: Set<number> }>;

class Ledger implements Blame {
  readonly #world: () => World;
  /** By kind and name. Bound: one of each kind for each unit and each instance. */
  readonly #asks = new Map<string, Ask>();
  /** Why each unit ended last. */
  readonly #ends = new Map<string, Account>();
  #count = 0;

  constructor(world: () => World) {
    this.#world = world;
  }

  asked(asked: Asked): void {
    for (const name of asked.units) {
      const account = this.#accountOf(asked, name);
      for (const kind of explains[asked.wish]) this.#remember(kind, name, account);
    }
  }

  complete(told: Told): Told {
    const { unit } = told;
    if (unit === null) return told;
    const account = this.#explain(told, unit);
    const full = account ? { ...told, cause: account.chain, why: account.why, text: worded(told, account.why) } : told;
    if (full.cause !== null && full.why !== null && ends.has(full.event)) {
      this.#ends.set(unit, { chain: full.cause, why: full.why });
    }
    return full;
  }

  #explain(told: Told, unit: string): Account | null {
    const { event, from, cause } = told;
    const instance = told.instance ?? 0;
    if (cause?.tag === "stopped") {
      // A handover that ends with the stop is told before the stop itself.
      if (!event.startsWith("service.")) return this.#newest("stop", unit, instance) ?? null;
      return this.#spend("stop", unit, instance) ?? this.#unbound(told, unit);
    }
    if (cause?.tag === "signal" || cause?.tag === "oom") return this.#signalled(told, unit, instance);
    if (event === "handover.began") return this.#spend("handover", unit, instance);
    if (event === "service.inactive" && from === "failed") return this.#spend("reset", unit, instance);
    if (event !== "service.starting" || cause !== null) return null;
    this.#asks.delete(`signal ${unit}`);
    return from === "waiting" ? this.#again(unit, instance) : this.#spend("start", unit, instance);
  }

  #remember(kind: Kind, name: string, account: Account): void {
    this.#asks.set(`${kind} ${name}`, { ...account, number: ++this.#count, spent: new Set() });
  }

  #newest(kind: Kind, unit: string, instance: number): Ask | undefined {
    const asks = [unit, `${unit}@${instance}`].flatMap((name) => this.#asks.get(`${kind} ${name}`) ?? []);
    return asks.sort((a, b) => b.number - a.number)[0];
  }

  /** The newest ask, unless a move of this instance was explained by it before. */
  #spend(kind: Kind, unit: string, instance: number): Account | null {
    const ask = this.#newest(kind, unit, instance);
    if (!ask || ask.spent.has(instance)) return null;
    ask.spent.add(instance);
    return ask;
  }

  /** Nobody asked for this end: a unit that it is bound to is not up any more. It comes back with that. */
  #unbound({ event, instance }: Told, unit: string): Account | null {
    const { units } = this.#world();
    const lost = units.get(unit)?.unit.bindsTo.find((name) => !units.get(name)?.instances.every(isUp));
    if (lost === undefined || event !== "service.stopping") return null;
    const step: Reason = { tag: "dependency", unit: lost, relation: "binds_to" };
    this.#remember("start", `${unit}@${instance}`, {
      chain: { ...step, because: [] },
      why: `${lost} (binds_to) is up again`,
    });
    const end = this.#ends.get(lost);
    return end ? joined([step], end) : { chain: { ...step, because: [] }, why: `${lost} (binds_to) is not up` };
  }

  /** Somebody sent it the signal by which it ended. */
  #signalled({ cause, why }: Told, unit: string, instance: number): Account | null {
    const sent = this.#newest("signal", unit, instance);
    if (!sent || cause?.tag !== "signal" || cause.because.length > 0) return null;
    const { because, ...by } = sent.chain;
    if (!("order" in by) || by.order !== `signal ${cause.signal}`) return null;
    return { chain: { ...cause, because: [by, ...because] }, why: `${why ?? cause.signal}, ${sent.why}` };
  }

  #again(unit: string, instance: number): Account {
    const entry = this.#world().units.get(unit);
    const { starts, restarts } = entry?.instances[instance - 1] ?? { starts: [], restarts: 0 };
    const burst = entry?.unit.service.startLimitBurst ?? 0;
    const attempt = burst > 0 ? starts.length : restarts;
    const why = burst > 0 ? `attempt ${attempt} of a burst of ${burst}` : "by its restart policy";
    return { chain: { tag: "restart", attempt, burst, because: [] }, why };
  }

  #accountOf(asked: Asked, name: string): Account {
    const giver = accountOfGiver(asked);
    const changed: Reason | null = asked.keys ? { tag: "config", keys: asked.keys } : null;
    const ordered = changed ? joined([changed], giver) : giver;
    if (asked.named === null || asked.named.includes(name)) return ordered;
    const units = [...this.#world().units.values()].map(({ unit }) => unit);
    const way = asked.wish === "want-up" ? "up" : "down";
    return joined(kinship(units, unitOf(name), new Set(asked.named.map(unitOf)), way), ordered);
  }
}

/** Events that tell why a unit ended. */
const ends: ReadonlySet<string> = new Set(["service.exited", "service.stopping", "service.failed"]);

const unitOf = (name: string): string => name.split("@")[0] ?? name;

function worded({ event, to, text }: Told, why: string): string {
  if (event === "service.exited") return why;
  return to === null ? `${text}: ${why}` : `${to}: ${why}`;
}

/** Puts reasons before an account. Shape: "redis (requires): stop by root", "redis (binds_to) exited with code 1". */
function joined(steps: readonly Reason[], { chain: { because, ...last }, why }: Account): Account {
  const [first, ...rest] = [...steps, last, ...because] as [Reason, ...Reason[]];
  const words = steps.map((step) => {
    if (step.tag === "dependency") return `${step.unit} (${step.relation})`;
    if (step.tag !== "config") return step.tag;
    return step.keys.length === 0 ? "its file came or went" : `changed: ${step.keys.join(", ")}`;
  });
  const glue = steps.length === 0 ? "" : "order" in last || last.tag === "boot" || last.tag === "release" ? ": " : " ";
  return { chain: { ...first, because: rest }, why: `${words.join(", ")}${glue}${why}` };
}

function accountOfGiver({ by, order }: Asked): Account {
  if (by.tag === "signal") {
    const { signal } = by;
    return {
      chain: { tag: "daemon-signal", order, signal, because: [] },
      why: `${order} by ${signal} to the supervisor`,
    };
  }
  if (by.tag === "supervisor") return { chain: { tag: "boot", because: [] }, why: "the supervisor started" };
  if (by.tag === "gate") {
    const { release, why } = by;
    return { chain: { tag: "release", release, why, because: [] }, why: `${release} is taken back: ${why}` };
  }
  const { user, uid, pid, command } = by;
  const who = user ?? (uid === null ? "somebody" : `uid ${uid}`);
  const what = [pid === null ? null : `pid ${pid}`, command].filter((part) => part !== null).join(": ");
  return {
    chain: { tag: "manual", order, user, uid, pid, command, because: [] },
    why: `${order} by ${who}${what === "" ? "" : ` (${what})`}`,
  };
}
