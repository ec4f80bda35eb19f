import type { AskAnswers, Clock, Disk, Giver, ReleaseHost, Releases, Verdict } from "../daemon/ports.ts";
import type { Command } from "../unit/command.ts";
import { type Fault, fail, faultLine, type Outcome, ok } from "../unit/fault.ts";
import type { ReleaseStatus } from "../unit/release.ts";
import type { Setting } from "../unit/setting.ts";
import { busy, chooseWay, type Wish } from "./choice.ts";
import { type Comparison, createComparison } from "./comparison.ts";
import { type Course, named, type Objection, objection, takenBack, type Waiter, type Way } from "./course.ts";
import { fallOf } from "./gate.ts";
import { type Hook, type HookKind, hooksOf, runAll } from "./hooks.ts";
import { surplus } from "./keep.ts";
import { type Ledger, marked, markOf, type Proving } from "./ledger.ts";
import type { Shelf } from "./shelf.ts";

export type OfficeOptions = Readonly<{
  host: ReleaseHost;
  shelf: Shelf;
  ledger: Ledger;
  diskOf: (release: string | null) => Disk;
  /** Of its own: it rings for one at a time. */
  clock: Pick<Clock, "now" | "wakeAt">;
  ask: AskAnswers;
  /** The command that a hook is, in the tree of a release. */
  commandOf: (release: string, hook: Hook) => Command;
  /** Changes whenever the machine is started, and the instants with it. */
  boot: string;
  /** For stamps that people read; never for decisions. */
  today: () => Date;
}>;

/** Decides what is deployed: the only one who writes the ledger. `course.ts` has the table of what follows from what. */
export function createOffice(options: OfficeOptions): Releases {
  return new Office(options);
}

type Given = Outcome<Promise<readonly Verdict[]>>;

type Preparing = Readonly<{ order: Wish; by: Giver; way: Way; hooks: readonly Hook[] }>;
type Proof = Extract<Course, { tag: "proving" }>;

/** How often it is looked whether units answer worse than before, and how often at least. Units: milliseconds. */
const LOOK_MS = 5000;
const LEAST_LOOKS = 4;

class Office implements Releases {
  readonly #options: OfficeOptions;
  #ledger: Ledger;
  #course: Course = { tag: "idle" };
  /** Whose hooks are run, before it begins. */
  #preparing: Way | null = null;
  /** With what was there before the last deployment; null: there is nothing to compare with. */
  #comparison: Comparison | null = null;

  constructor(options: OfficeOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
  }

  list(): readonly ReleaseStatus[] {
    const { current, proving } = this.#ledger;
    return this.#options.shelf.list().map(({ format: _, ...manifest }) => {
      const mark = markOf(this.#ledger, manifest.id);
      const state = proving?.release === manifest.id ? "proving" : (mark?.state ?? "unproven");
      return { ...manifest, state, current: manifest.id === current, reason: mark?.reason ?? null };
    });
  }

  give(order: Wish, by: Giver): Given {
    const way = this.#wayOf(order);
    if (!way.ok) return way;
    const { to, proof } = way.value;
    const { host, diskOf } = this.#options;
    const hooks = to !== null && proof ? hooksOf(diskOf(to), "pre_deploy") : [];
    if (to === null || hooks.length === 0) return this.#move(way.value, by);
    const checked = host.check(diskOf(to));
    return checked.ok ? ok(this.#prepare({ order, by, way: way.value, hooks })) : checked;
  }

  turned(changes: Parameters<Releases["turned"]>[0]): void {
    const course = this.#course;
    if (course.tag !== "moving" && course.tag !== "proving") return;
    for (const change of changes) {
      const unit = change.now?.unit.name ?? "";
      const why = fallOf(change);
      if (why === null) continue;
      if (course.tag === "moving" && !course.falls.has(unit)) course.falls.set(unit, why);
      if (course.tag === "proving" && course.proving.watched.includes(unit)) {
        this.#fallen(course, { unit, why });
        return;
      }
    }
  }

  resume(): void {
    const { proving, current } = this.#ledger;
    this.#options.shelf.point(current);
    if (proving === null || proving.release !== current) return;
    this.#prove(proving, { order: `deploy ${current}`, verdicts: [], resolve: () => undefined });
  }

  close(): void {
    this.#ringNoMore();
  }

  /** Errors: release-busy, release-unknown, release-bad. */
  #wayOf(order: Wish): Outcome<Way> {
    const course = this.#course;
    const busyWith = "way" in course ? course.way : this.#preparing;
    if (busyWith) return fail(busy(busyWith));
    const { shelf } = this.#options;
    return chooseWay(order, { ledger: this.#ledger, list: () => shelf.list(), find: (release) => shelf.find(release) });
  }

  /** Runs what is to be done before; where everybody stands may be another thing after it. */
  async #prepare({ order, by, way, hooks }: Preparing): Promise<readonly Verdict[]> {
    const { host } = this.#options;
    this.#preparing = way;
    const why = await this.#runAll(named(way.to), hooks);
    this.#preparing = null;
    if (why === null) {
      const again = this.#wayOf(order);
      const moved = again.ok ? this.#move(again.value, by) : again;
      return moved.ok ? moved.value : moved.faults.map((fault) => stuck(way.order, fault));
    }
    const message = `${way.order}: ${why}; nothing has changed`;
    host.note("error", "release.hook-failed", message, null);
    return [{ ...unchanged, message, fault: { code: "release-bad", message, retry: "later" } }];
  }

  #move(way: Way, by: Giver): Given {
    const { host, diskOf } = this.#options;
    const before = this.#course;
    // What falls in the very first turn counts as well.
    this.#course = { tag: "moving", way, falls: new Map() };
    const moved = host.move(diskOf(way.to), way.order, by);
    if (!moved.ok) {
      this.#course = before;
      return moved;
    }
    this.#ringNoMore();
    this.#comparison = this.#compare(way);
    if (before.tag === "proving") before.waiter.resolve(interrupted(before.waiter, way));
    host.note("info", "release.moving", way.order, null);
    return ok(this.#follow(way, moved.value));
  }

  async #follow(way: Way, moved: Promise<readonly Verdict[]>): Promise<readonly Verdict[]> {
    const verdicts = await moved;
    const course = this.#course;
    if (this.#options.host.isEnding() || course.tag !== "moving") return verdicts;
    const objected = objection(verdicts, course.falls);
    if (objected) return this.#goBack(way, verdicts, objected);
    const proving = this.#proofOf(way, verdicts);
    const error = this.#write(this.#settled({ ...this.#ledger, current: way.to, proving }, way));
    if (error !== null) return this.#goBack({ ...way, proof: null }, verdicts, { unit: "", why: error });
    this.#options.host.note("info", "release.current", `${named(way.to)} is current`, null);
    if (proving) return new Promise((resolve) => this.#prove(proving, { order: way.order, verdicts, resolve }));
    this.#rest();
    await (way.proof ? this.#hook(way.to, "post_deploy") : this.#hook(way.from, "post_rollback"));
    return verdicts;
  }

  /** Null where there is nothing to be proved, or nobody to prove it. */
  #proofOf({ to, proof }: Way, verdicts: readonly Verdict[]): Proving | null {
    const spanMs = this.#spanMs;
    if (to === null || !proof || verdicts.length === 0 || spanMs === 0) return null;
    const { clock, boot } = this.#options;
    const watched = verdicts.map(({ unit }) => unit);
    return { release: to, back: proof.back, until: clock.now() + spanMs, boot, watched };
  }

  /** Without anything to be proved it is good at once. */
  #settled(ledger: Ledger, { to, proof }: Way): Ledger {
    if (to === null || !proof || ledger.proving) return ledger;
    return marked(ledger, this.#mark(to, proof.hash, null));
  }

  #mark(release: string, hash: string, reason: string | null) {
    const at = this.#options.today().toISOString();
    return { release, hash, state: reason === null ? ("good" as const) : ("bad" as const), reason, at };
  }

  #prove(proving: Proving, waiter: Waiter): void {
    const { clock, boot } = this.#options;
    // After a start of the machine nothing runs of what has been proved.
    const until = proving.boot === boot ? proving.until : clock.now() + this.#spanMs;
    const course = { tag: "proving", proving: { ...proving, until }, waiter } as const;
    this.#course = course;
    this.#ringFor(course);
  }

  /** Where there is something to compare, it is looked at now and then, and at the end. */
  #ringFor(course: Proof): void {
    const { clock } = this.#options;
    const { until } = course.proving;
    if (this.#comparison === null) {
      clock.wakeAt(until, () => this.#proved(course));
      return;
    }
    const nextAt = Math.min(until, clock.now() + Math.min(LOOK_MS, this.#spanMs / LEAST_LOOKS));
    clock.wakeAt(nextAt, () => void this.#look(course, this.#comparison, nextAt === until));
  }

  async #look(course: Proof, comparison: Comparison | null, isLast: boolean): Promise<void> {
    const worse = await comparison?.look(course.proving.watched);
    if (this.#course !== course) return;
    if (worse) this.#fallen(course, worse);
    else if (isLast) this.#proved(course);
    else this.#ringFor(course);
  }

  #compare({ to, proof }: Way): Comparison | null {
    const { host, ask } = this.#options;
    const factor = numberOf(host.settings(), "release.worse_factor");
    if (to === null || !proof || factor === 0) return null;
    return createComparison({ places: host.places, ask, factor, release: to });
  }

  #ringNoMore(): void {
    this.#options.clock.wakeAt(null, () => undefined);
  }

  /** How long a release has to prove itself. */
  get #spanMs(): number {
    return numberOf(this.#options.host.settings(), "release.rollback_after_ms");
  }

  #proved({ proving: { release }, waiter: { verdicts, resolve } }: Proof): void {
    const { shelf, host } = this.#options;
    const hash = shelf.find(release)?.hash ?? "";
    const error = this.#write(marked({ ...this.#ledger, proving: null }, this.#mark(release, hash, null)));
    if (error !== null) host.note("error", "release.unwritten", error, null);
    host.note("info", "release.good", `${release} has proved itself`, null);
    this.#rest();
    void this.#hook(release, "post_deploy").then(() => resolve(verdicts));
  }

  #fallen({ proving, waiter }: Proof, objected: Objection): void {
    const { release, back } = proving;
    this.#ringNoMore();
    const hash = this.#options.shelf.find(release)?.hash ?? "";
    const way = { to: release, from: back, order: waiter.order, proof: { hash, back }, interrupted: null };
    this.#course = { tag: "returning", way };
    // It is noticed in a turn: what is ordered then waits for the next one.
    queueMicrotask(() => void this.#goBack(way, waiter.verdicts, objected).then(waiter.resolve));
  }

  /** Everybody to where the way comes from; what was to come is bad, unless it need not prove itself. */
  async #goBack(way: Way, verdicts: readonly Verdict[], objected: Objection): Promise<readonly Verdict[]> {
    const { host, diskOf } = this.#options;
    const { to, from, order, proof, interrupted: other } = way;
    const { unit, why } = objected;
    this.#course = { tag: "returning", way };
    const bad = to !== null && proof ? marked(this.#ledger, this.#mark(to, proof.hash, why)) : this.#ledger;
    const error = this.#write({ ...bad, current: from, proving: other });
    if (error !== null) host.note("error", "release.unwritten", error, null);
    host.note(
      "error",
      "release.taken-back",
      `${order} is taken back: ${why}; ${named(from)} is to run again`,
      unit || null,
    );
    const moved = host.move(diskOf(from), `rollback ${named(from)}`, { tag: "gate", release: named(to), why });
    const late = moved.ok
      ? await moved.value
      : moved.faults.map((fault) => stuck(`${order} cannot be taken back`, fault));
    for (const { result, message } of late) if (result !== "done") host.note("error", "release.stuck", message, null);
    this.#rest();
    this.#comparison = null;
    if (other) this.#prove(other, { order: `deploy ${other.release}`, verdicts: [], resolve: () => undefined });
    if (proof) await this.#hook(to, "post_rollback");
    return takenBack(verdicts, { order, to: from }, objected, late);
  }

  /** What comes after is told where it does not end well, and changes nothing. */
  async #hook(release: string | null, kind: HookKind): Promise<void> {
    const { diskOf, host } = this.#options;
    if (release === null) return;
    const why = await this.#runAll(release, hooksOf(diskOf(release), kind));
    if (why !== null) host.note("error", "release.hook-failed", `${release}: ${why}`, null);
  }

  #runAll(release: string, hooks: readonly Hook[]): Promise<string | null> {
    const { host, commandOf } = this.#options;
    return runAll(hooks, (hook) => host.run(commandOf(release, hook), hook.limitMs));
  }

  #rest(): void {
    this.#course = { tag: "idle" };
    const { host, shelf } = this.#options;
    const keep = numberOf(host.settings(), "release.keep");
    const all = shelf.list().map(({ id }) => id);
    shelf.remove(surplus(all, { ledger: this.#ledger, running: host.running(), keep }));
  }

  #write(ledger: Ledger): string | null {
    // What cannot be written holds all the same until somebody else reads it.
    this.#ledger = ledger;
    const error = this.#options.shelf.write(ledger);
    return error === null ? null : `the releases cannot be written down: ${error}`;
  }
}

const unchanged = { unit: "", result: "kept-old", tail: [] } as const;

function numberOf(settings: readonly Setting[], key: string): number {
  return Number(settings.find((setting) => setting.key === key)?.value ?? 0);
}

function interrupted({ order, verdicts }: Waiter, way: Way): readonly Verdict[] {
  return verdicts.map((verdict): Verdict => {
    const message = `${order} ${verdict.unit}: has not proved itself before ${way.order}`;
    return { ...verdict, result: "refused", message, fault: { code: "release-busy", message, retry: "later" } };
  });
}

function stuck(order: string, fault: Fault): Verdict {
  const message = `${order}: ${faultLine(fault)}`;
  return { unit: fault.unit ?? "", result: "failed", message, tail: [], fault: { ...fault, message } };
}
