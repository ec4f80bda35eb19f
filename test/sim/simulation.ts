import { drive } from "../../supervisor/core/drive.ts";
import type { Effect } from "../../supervisor/core/effect.ts";
import type { ProcessFact } from "../../supervisor/core/event.ts";
import type { Exit } from "../../supervisor/core/facts.ts";
import { gates } from "../../supervisor/core/gates.ts";
import { breaches } from "../../supervisor/core/invariants.ts";
import { type Finding, recover } from "../../supervisor/core/recover.ts";
import { decode, encode, restored } from "../../supervisor/core/saved.ts";
import { forget } from "../../supervisor/core/scale.ts";
import { atRest, type Run as Life } from "../../supervisor/core/state.ts";
import {
  createWorld,
  type Deed,
  ownerOf,
  type Whom,
  type World,
  type WorldEvent,
  worldDeadline,
} from "../../supervisor/core/world.ts";
import { type Child, drawChild, drawErrand } from "./children.ts";
import { drawOrder, reconfigureTo } from "./orders.ts";
import { Queue } from "./queue.ts";
import { createRandom, type Random } from "./random.ts";
import { redraw } from "./redraw.ts";
import { drawUnits } from "./units.ts";
import { Watch } from "./watch.ts";

export type Outcome = Readonly<{
  seed: number;
  breaches: readonly string[];
  hash: string;
  turns: number;
  handovers: number;
}>;

/**
 * When the daemon dies: asked in every turn, with the number of its deeds. Null: not in this turn. 0: all that was decided is lost.
 * Otherwise that was written down, and one deed less than the number was done.
 */
export type Death = (turn: number, deeds: number, random: Random) => number | null;

const never: Death = () => null;

/** Runs one world of one seed for some orders, then stops everything, and says what went wrong. */
export function simulate(seed: number, orders = 28, death: Death = never): Outcome {
  const random = createRandom(seed);
  const units = drawUnits(random);
  const run = new Run(seed, random, createWorld(units), death);
  const first = new Map(units.map((unit) => [unit.name, unit]));
  let loaded = units;
  for (let count = 0; count < orders && run.ok; count++) {
    const next = random.chance(6) ? redraw(random, first, loaded) : null;
    for (const unit of next ?? []) if (!first.has(unit.name)) first.set(unit.name, unit);
    run.order(next ? reconfigureTo(next, loaded) : drawOrder(random, loaded));
    loaded = next ?? loaded;
    run.pass(random.below(random.chance(15) ? 12_000 : 800));
  }
  run.order({ tag: "order", units: [...run.world.units.keys()], event: { tag: "want-down" } });
  // The longest stop: a drain and a stop at their limits and the patience after SIGKILL, for each unit in a chain.
  run.pass(200_000);
  run.expectRest();
  return run.outcome();
}

class Run {
  world: World;
  #now = 0;
  #turns = 0;
  #hash = 0x811c9dc5;
  #handovers = 0;
  readonly #seed: number;
  readonly #random: Random;
  readonly #watch: Watch;
  readonly #queue = new Queue<ProcessFact>();
  readonly #alive = new Map<string, Child>();
  readonly #survivors = new Set<string>();
  /** Every invocation that has a process: the alive ones and those with survivors. */
  readonly #present = new Set<string>();
  /** Whose whole group got SIGKILL. */
  readonly #killed = new Set<string>();
  readonly #breaches: string[] = [];
  readonly #death: Death;
  /** A daemon that has come back hears what has happened, and is not judged before it has heard it all. */
  #isComingBack = false;
  #deaths = 0;

  constructor(seed: number, random: Random, world: World, death: Death) {
    this.#death = death;
    this.#seed = seed;
    this.#random = random;
    this.world = world;
    this.#watch = new Watch();
  }

  get ok(): boolean {
    return this.#breaches.length === 0;
  }

  outcome(): Outcome {
    const hash = (this.#hash >>> 0).toString(16).padStart(8, "0");
    return { seed: this.#seed, breaches: this.#breaches, hash, turns: this.#turns, handovers: this.#handovers };
  }

  order(event: WorldEvent): void {
    this.#turn(event);
  }

  /** Lets virtual time go by: every fact and every deadline at its own instant. */
  pass(span: number): void {
    const end = this.#now + span;
    while (this.ok) {
      const fact = this.#queue.nextAt();
      const due = worldDeadline(this.world);
      const at = Math.min(fact ?? Number.POSITIVE_INFINITY, due ?? Number.POSITIVE_INFINITY);
      if (at > end) break;
      this.#now = Math.max(this.#now, at);
      if (fact !== null && fact <= this.#now) this.#tell(this.#queue.take());
      else this.#turn({ tag: "deadline" });
    }
    this.#now = end;
    this.#expectShut();
  }

  /** A turn looks only at the gates that it concerns; the others must be shut all the same. */
  #expectShut(): void {
    const open = gates({ ...this.world, shut: { units: new Map(), graph: this.world.graph } });
    if (open.length > 0) this.#breaches.push(`open, and nobody goes through: ${JSON.stringify(open)}`);
  }

  expectRest(): void {
    for (const [name, { instances }] of this.world.units) {
      if (!instances.every(atRest)) this.#breaches.push(`${name} has not come to rest: ${JSON.stringify(instances)}`);
    }
    if (this.#alive.size > 0) this.#breaches.push(`${this.#alive.size} processes outlive the stop`);
  }

  #tell(fact: ProcessFact): void {
    const { invocation } = fact;
    const child = this.#alive.get(invocation);
    if (fact.tag === "emptied") {
      this.#present.delete(invocation);
      if (this.#survivors.delete(invocation)) this.#turn({ tag: "fact", fact });
    } else if (fact.tag === "spawn-failed") {
      this.#turn({ tag: "fact", fact });
    } else if (!child) {
      this.#tellStale(fact);
    } else if (fact.tag === "exited") {
      this.#reap(child, fact);
    } else {
      this.#turn({ tag: "fact", fact });
    }
  }

  #reap(child: Child, fact: Extract<ProcessFact, { tag: "exited" }>): void {
    const survives = this.#bury(child, fact.invocation);
    this.#turn({ tag: "fact", fact: { ...fact, survivors: survives ? [{ pid: 1, command: "left-behind" }] : [] } });
    if (child.exitTwice) this.#queue.put(this.#now + 1 + this.#random.below(50), fact);
  }

  /** True when somebody is left. */
  #bury(child: Child, invocation: string): boolean {
    const owner = ownerOf(this.world, invocation);
    const mode = owner && this.world.units.get(owner.unit)?.unit.service.killMode;
    // A unit that says "process" leaves its survivors alone: they are nobody's business any more.
    const survives = child.survivor && mode !== "process" && !this.#killed.has(invocation);
    if (survives) this.#survivors.add(invocation);
    else this.#present.delete(invocation);
    this.#alive.delete(invocation);
    return survives;
  }

  /** A fact about a process that is gone must change nothing at all; what is due at that very instant is done before. */
  #tellStale(fact: ProcessFact): void {
    if ((worldDeadline(this.world) ?? Number.POSITIVE_INFINITY) <= this.#now) this.#turn({ tag: "deadline" });
    const { units } = this.world;
    const deaths = this.#deaths;
    this.#turn({ tag: "fact", fact });
    if (this.world.units === units || this.#deaths > deaths) return;
    if (JSON.stringify([...this.world.units]) !== JSON.stringify([...units]))
      this.#breaches.push(`a stale ${fact.tag} changed something`);
  }

  #turn(event: WorldEvent): void {
    const before = this.world;
    const tick = {
      now: this.#now,
      roll: this.#random.below(1000) / 1000,
      nonce: this.#turns.toString(16).padStart(24, "0"),
    };
    const turned = drive(before, event, tick);
    this.#turns++;
    const death = this.#isComingBack ? null : this.#death(this.#turns, turned.deeds.length, this.#random);
    if (death === 0) {
      this.#die(before, () => true, event);
      return;
    }
    if (event.tag === "fact") this.#watch.hear(event.fact, this.#now);
    this.world = turned.world;
    if (event.tag === "reconfigure") this.#digest(`${this.#now} ${event.units.map(({ name }) => name).join(" ")}`);
    for (const [index, deed] of turned.deeds.entries()) {
      const isDone = death === null || index < death - 1;
      if (!isDone && deed.effect.tag !== "report") continue;
      this.#breaches.push(...this.#watch.see(deed, before, this.world, this.#now));
      this.#perform(deed);
    }
    if (death !== null) {
      const doubtful = new Set(turned.deeds.map(({ unit, instance }) => `${unit}@${instance}`));
      const isDone = ({ unit, instance }: Whom): boolean => !doubtful.has(`${unit}@${instance}`);
      this.#die(turned.world, isDone);
      return;
    }
    this.world = forget(this.world);
    if (this.#isComingBack) return;
    const due = event.tag === "deadline" ? this.#now : this.#now - 1;
    this.#breaches.push(...this.#watch.unfit(this.world, due));
    for (const text of breaches(this.world, { alive: this.#present, now: due }, before)) {
      this.#breaches.push(`at ${this.#now}: ${text}`);
    }
  }

  /** The daemon is gone, and its processes go on. Another one comes back to what was written down, and to who is there. */
  #die(left: World, isDone: (whom: Whom) => boolean, lost: WorldEvent | null = null): void {
    this.#digest(`${this.#now} dies`);
    this.#deaths++;
    const heard = this.#goOnAlone(this.#now + this.#random.below(300));
    const saved = [...left.units.values()].flatMap((entry) => decode(encode(entry)) ?? []);
    if (saved.length < left.units.size) this.#breaches.push("what was written down cannot be read");
    this.#isComingBack = true;
    this.world = restored(left, new Map(saved.map((one) => [one.unit, one])));
    const { deeds, facts } = recover(this.world, { find: (run) => this.#find(run), isDone });
    for (const deed of deeds) {
      this.#breaches.push(...this.#watch.see(deed, this.world, this.world, this.#now));
      this.#perform(deed);
    }
    for (const fact of [...facts, ...heard]) this.#turn({ tag: "fact", fact });
    // Whoever has ordered something and got no answer asks again; what a process said is still in its socket.
    const isHeardAgain = lost?.tag === "fact" ? isSaid(lost.fact) : lost !== null && lost.tag !== "deadline";
    if (lost && isHeardAgain) this.#turn(lost);
    this.#turn({ tag: "deadline" });
    this.#isComingBack = false;
    this.#breaches.push(...breaches(this.world, { alive: this.#present, now: this.#now }));
  }

  /** Time without a daemon. Gives what its processes have said to it. */
  #goOnAlone(end: number): readonly ProcessFact[] {
    const heard: ProcessFact[] = [];
    for (let at = this.#queue.nextAt(); at !== null && at <= end; at = this.#queue.nextAt()) {
      const fact = this.#queue.take();
      const child = this.#alive.get(fact.invocation);
      if (fact.tag === "exited" && child) this.#bury(child, fact.invocation);
      else if (fact.tag === "emptied" && this.#survivors.delete(fact.invocation)) this.#present.delete(fact.invocation);
      else if (child && isSaid(fact)) heard.push(fact);
    }
    // What only the daemon knew of, or would have noticed.
    this.#queue.drop((fact) => !isSaid(fact) && fact.tag !== "exited" && fact.tag !== "emptied");
    this.#now = end;
    return heard.filter(({ invocation }) => this.#alive.has(invocation));
  }

  #find({ invocation, pid }: Life): Finding {
    if (this.#alive.has(invocation)) return { tag: "alive", pid: pid ?? 2 };
    const exit: Exit = { by: "unknown" };
    return this.#present.has(invocation)
      ? { tag: "left", exit, survivors: [{ pid: 1, command: "left-behind" }] }
      : { tag: "gone", exit };
  }

  #perform({ unit, instance, effect }: Deed): void {
    if (effect.tag === "report") {
      this.#digest(`${this.#now} ${unit}@${instance} ${JSON.stringify(effect.report)}`);
      if (effect.report.tag === "handover-ended" && effect.report.end.result === "done") this.#handovers++;
      return;
    }
    this.#digest(`${this.#now} ${unit}@${instance} ${JSON.stringify(effect)}`);
    if (effect.tag === "spawn") this.#spawn(effect.invocation);
    else if (effect.tag === "command") this.#run(effect.invocation);
    else if (effect.tag === "ask") this.#answer(effect);
    else this.#signal(effect);
  }

  #spawn(invocation: string): void {
    const child = drawChild(this.#random);
    const at = this.#now;
    if (child.spawnFails) {
      const stage = this.#random.pick(["exec", "listen"] as const);
      this.#queue.put(at, { tag: "spawn-failed", invocation, stage, code: "ENOENT", message: "no" });
      return;
    }
    this.#alive.set(invocation, child);
    this.#present.add(invocation);
    this.#queue.put(at, { tag: "spawned", invocation, pid: 2 });
    if (child.readyAfter !== null) {
      this.#queue.put(at + child.readyAfter, { tag: "ready", invocation });
      if (child.readyTwice)
        this.#queue.put(at + child.readyAfter + this.#random.below(3_000), { tag: "ready", invocation });
    }
    if (child.extendsBy !== null) this.#queue.put(at + 1, { tag: "extend", invocation, byMs: child.extendsBy });
    if (child.signsEveryMs !== null) {
      for (let sign = 1; sign <= child.signs; sign++) {
        this.#queue.put(at + sign * child.signsEveryMs, { tag: "alive", invocation, everyMs: null });
      }
      if (child.signs === 13) this.#queue.put(at + 2_500, { tag: "hung", invocation });
    }
    if (child.saysAfter !== null) this.#say(invocation, at + child.saysAfter.ms, child.saysAfter.word);
    if (child.exitsAfter !== null) this.#exit(invocation, child.exitsAfter, child.exit);
  }

  #say(invocation: string, at: number, word: "stopping" | "reloading" | "main-pid"): void {
    if (word === "main-pid") this.#queue.put(at, { tag: word, invocation, pid: 4 });
    else this.#queue.put(at, { tag: "mood", invocation, mood: word });
    if (word === "reloading") this.#queue.put(at + 50, { tag: "ready", invocation });
  }

  #run(invocation: string): void {
    const errand = drawErrand(this.#random);
    if (errand.spawnFails) {
      this.#queue.put(this.#now, { tag: "spawn-failed", invocation, stage: "exec", code: "ENOENT", message: "no" });
      return;
    }
    this.#alive.set(invocation, { ...drawChild(this.#random), survivor: errand.survivor, exitTwice: false });
    this.#present.add(invocation);
    this.#queue.put(this.#now, { tag: "spawned", invocation, pid: 3 });
    if (errand.takes !== null) this.#exit(invocation, errand.takes, errand.exit);
  }

  #answer({ invocation, kind }: Extract<Effect, { tag: "ask" }>): void {
    const fitness = this.#alive.get(invocation)?.fitness ?? 0;
    const isOk = this.#random.chance(fitness);
    const after = this.#random.below(100);
    this.#queue.put(this.#now + after, { tag: "answered", invocation, kind, ok: isOk, detail: isOk ? "well" : "sick" });
  }

  #signal(effect: Extract<Effect, { tag: "signal" }>): void {
    const { invocation, signal } = effect;
    const child = this.#alive.get(invocation);
    if (signal === "SIGKILL") {
      if (child) this.#exit(invocation, 1, { by: "signal", signal, core: false });
      if (effect.scope !== "group") return;
      this.#killed.add(invocation);
      if (this.#survivors.has(invocation)) this.#queue.put(this.#now + 2, { tag: "emptied", invocation });
    } else if (child && child.termTakes !== null) {
      this.#exit(invocation, child.termTakes, { by: "code", code: this.#random.chance(80) ? 0 : 1 });
    }
  }

  #exit(invocation: string, after: number, exit: Exit): void {
    this.#queue.put(this.#now + after, { tag: "exited", invocation, exit, survivors: [] });
  }

  /** FNV-1a. Source: draft-eastlake-fnv. */
  #digest(line: string): void {
    for (let index = 0; index < line.length; index++) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(index), 0x01000193);
    }
  }
}

/** A word of the process itself, which waits in its socket. */
const isSaid = ({ tag }: ProcessFact): boolean =>
  tag === "ready" || tag === "alive" || tag === "hung" || tag === "extend" || tag === "mood" || tag === "main-pid";
