import process from "node:process";
import type { InvocationId } from "../core/facts.ts";
import { libc } from "./libc.ts";
import {
  childrenOf,
  environOf,
  isAlive,
  isDead,
  livingProcesses,
  outputsOf,
  ownChildren,
  type ProcessStat,
  readStat,
} from "./procfs.ts";

/** No chain of parents that a person would make is longer. */
const LONGEST_CHAIN = 256;

/** Who is alive of each invocation. Shape: process ids; an invocation without anybody is not in it. */
type Roll = ReadonlyMap<InvocationId, readonly number[]>;

/**
 * Where a leader comes from: a child of ours, or one that another supervisor has started, whose parent we are not, and whose orphans
 * go to somebody else; `leaderless`: that one is gone.
 */
export type Origin = "own" | "foreign" | "leaderless";

/** `isLed`: the leader was not reaped yet, so its pid is still its own. `hasSession`: its session may still have members. */
type Family = {
  readonly origin: Origin;
  readonly leader: number;
  isLed: boolean;
  hasSession: boolean;
  /** What its output goes to. Shape: `pipe:[4711]`. */
  readonly pipes: readonly string[];
};

/** What was found out about a process; null: it belongs to nobody here. */
type Verdict = Readonly<{ startTicks: number; invocation: InvocationId | null }>;

/**
 * Tells which processes belong to which invocation where no control group does: the session that its leader made, everybody
 * who descends from its members, and whoever lost its parents and became our child (we are the subreaper) with the
 * invocation's id in its environment, or else with its output. Whoever was found once stays found, whatever becomes of its
 * session or environment.
 */
export class Kinship {
  readonly #families = new Map<InvocationId, Family>();
  readonly #leaders = new Map<number, InvocationId>();
  readonly #ownSession = libc.getsid(0);
  #seen = new Map<number, Verdict>();

  enter(invocation: InvocationId, leader: number, pipes: readonly string[], origin: Origin = "own"): void {
    const isLed = origin !== "leaderless";
    this.#families.set(invocation, { origin, leader, isLed, hasSession: isLed, pipes });
    if (isLed) this.#leaders.set(leader, invocation);
  }

  /** Nobody is left of it. */
  leave(invocation: InvocationId): void {
    const family = this.#families.get(invocation);
    if (family && this.#leaders.get(family.leader) === invocation) this.#leaders.delete(family.leader);
    this.#families.delete(invocation);
    for (const [pid, seen] of this.#seen) if (seen.invocation === invocation) this.#seen.delete(pid);
  }

  /** Must be told of every child that is reaped: its pid may become anybody's. */
  reaped(pid: number): void {
    this.#seen.delete(pid);
    const family = this.#families.get(this.#leaders.get(pid) ?? "");
    if (family) family.isLed = false;
  }

  /**
   * Who is alive of it; it remembers whom it has found.
   * Costs a few reads for each of its processes, however many others there are. Why that is enough: we are the subreaper, so
   * everybody who belongs to it descends from a child of ours, its leader or an orphan. Of one that is not ours all processes are
   * looked at.
   */
  list(invocation: InvocationId): readonly number[] {
    const children = this.#isOwn(invocation) ? ownChildren() : null;
    if (children === null) return this.#roll().get(invocation) ?? [];
    return this.#descend(invocation, children);
  }

  #isOwn(invocation: InvocationId): boolean {
    return this.#families.get(invocation)?.origin === "own";
  }

  #descend(invocation: InvocationId, children: readonly number[]): readonly number[] {
    const found: number[] = [];
    const met = new Set<number>();
    const todo = children
      .filter((pid) => this.#mayLeadTo(invocation, pid))
      .map((pid) => ({ pid, heritage: null as InvocationId | null }));
    const family = this.#families.get(invocation);
    let isSessionEmpty = true;
    for (let next = todo.pop(); next; next = todo.pop()) {
      const { pid, heritage } = next;
      const stat = met.has(pid) ? null : readStat(pid);
      if (!stat) continue;
      met.add(pid);
      const verdict = this.#known(pid, stat) ?? (stat.ppid === process.pid ? this.#marked(pid, stat) : heritage);
      if (verdict !== null && verdict !== invocation) continue;
      if (verdict === invocation && !isDead(stat)) {
        found.push(pid);
        this.#seen.set(pid, { startTicks: stat.startTicks, invocation });
        if (stat.session === family?.leader) isSessionEmpty = false;
      }
      // A zombie may have some: its other threads' children, while those run.
      for (const child of childrenOf(pid) ?? []) todo.push({ pid: child, heritage: verdict });
    }
    if (family && !family.isLed && isSessionEmpty) family.hasSession = false;
    return found;
  }

  /** Not the leaders of others, whose descendants are theirs, and not the runtime's own children. */
  #mayLeadTo(invocation: InvocationId, child: number): boolean {
    const led = this.#leaders.get(child);
    if (led !== undefined && this.#families.get(led)?.isLed) return led === invocation;
    return libc.getsid(child) !== this.#ownSession;
  }

  /** Looks at every process there is, for a kernel that does not list children. */
  #roll(): Roll {
    const living = livingProcesses();
    const verdicts = new Map<number, InvocationId | null>();
    const judge = (pid: number): InvocationId | null => {
      const known = verdicts.get(pid);
      if (known !== undefined) return known;
      // Until it is known: two that look like each other's parents were read at different times.
      verdicts.set(pid, null);
      const stat = living.get(pid);
      const verdict = stat ? (this.#known(pid, stat) ?? this.#inherited(pid, stat, judge)) : null;
      verdicts.set(pid, verdict);
      return verdict;
    };
    const found = new Map<InvocationId, number[]>();
    for (const pid of living.keys()) {
      const invocation = judge(pid);
      if (invocation === null) continue;
      const others = found.get(invocation);
      if (others) others.push(pid);
      else found.set(invocation, [pid]);
    }
    this.#remember(living, verdicts);
    return found;
  }

  /** Whether a living process or a zombie belongs to an invocation. Costs a read for each ancestor up to a known one. */
  has(invocation: InvocationId, pid: number): boolean {
    if (!this.#isOwn(invocation)) return this.list(invocation).includes(pid);
    let at = pid;
    for (let i = 0; i < LONGEST_CHAIN; i++) {
      const stat = readStat(at);
      if (!stat) return false;
      const known = this.#known(at, stat) ?? (stat.ppid === process.pid ? this.#marked(at, stat) : null);
      if (known !== null) return known === invocation;
      if (at === process.pid || stat.ppid === process.pid || stat.ppid <= 0) return false;
      at = stat.ppid;
    }
    return false;
  }

  /**
   * Whether anybody may be left; `list` tells who. It says so, too, of a child of ours that has just died: whom it may have
   * left behind is told once it is reaped.
   * Why this is cheap: once the leader is gone, every member descends from a child of ours that belongs to it. Only below an
   * orphan that is nobody's, having lost both session and mark, there may be one whom nothing but the session tells.
   */
  hasAny(invocation: InvocationId): boolean {
    const family = this.#families.get(invocation);
    if (!family) return false;
    if (family.isLed) return true;
    if (family.origin !== "own") return this.list(invocation).length > 0;
    const children = ownChildren();
    if (children === null || children.some((pid) => this.#mayBelong(invocation, pid))) return true;
    const isAnyNobodys = children.some((pid) => this.#seen.get(pid)?.invocation === null);
    return family.hasSession && isAnyNobodys && this.#descend(invocation, children).length > 0;
  }

  /** Children of ours that belong to it, the leader left out. Much quicker than a look at all, so that one that moves on is caught. */
  orphans(invocation: InvocationId): readonly number[] {
    const leader = this.#families.get(invocation)?.leader;
    const children = ownChildren() ?? [];
    return children.filter((pid) => pid !== leader && isAlive(pid) && this.#mayBelong(invocation, pid));
  }

  #mayBelong(invocation: InvocationId, child: number): boolean {
    const isLeader = this.#families.get(this.#leaders.get(child) ?? "")?.isLed;
    if (isLeader || libc.getsid(child) === this.#ownSession || this.#seen.get(child)?.invocation === null) return false;
    const stat = readStat(child);
    if (!stat || isDead(stat)) return true;
    return (this.#known(child, stat) ?? this.#marked(child, stat)) === invocation;
  }

  #known(pid: number, stat: ProcessStat): InvocationId | null {
    const invocation = this.#leaders.get(stat.session);
    const family = invocation === undefined ? undefined : this.#families.get(invocation);
    if (family && invocation !== undefined && this.#ownsSession(family)) return invocation;
    const seen = this.#seen.get(pid);
    return seen?.startTicks === stat.startTicks ? seen.invocation : null;
  }

  /** A pid is not given to anybody while a session is called by it. So somebody new who has it means that the session is over. */
  #ownsSession(family: Family): boolean {
    if (!family.isLed && family.hasSession && libc.getsid(family.leader) >= 0) family.hasSession = false;
    return family.hasSession;
  }

  #inherited(pid: number, stat: ProcessStat, judge: (pid: number) => InvocationId | null): InvocationId | null {
    if (pid === process.pid) return null;
    if (stat.ppid === process.pid) return this.#marked(pid, stat);
    // The orphans of one that is not ours have gone to whoever takes orphans.
    const isAnyForeign = [...this.#families.values()].some(({ origin }) => origin !== "own");
    return judge(stat.ppid) ?? (isAnyForeign ? this.#marked(pid, stat) : null);
  }

  /**
   * The word of its environment, for a child of ours whose parents are gone, or that of its output where it has wiped its
   * environment. The runtime's own children are in our session.
   */
  #marked(pid: number, { session, startTicks }: ProcessStat): InvocationId | null {
    const seen = this.#seen.get(pid);
    if (seen?.startTicks === startTicks) return seen.invocation;
    if (session === this.#ownSession) return null;
    const mark = environOf(pid, "INVOCATION_ID");
    const invocation = mark && this.#families.has(mark) ? mark : this.#printsFor(pid);
    // An empty environment is that of one who wiped it, or of one who just comes or goes: that one is asked again.
    if (mark === undefined && invocation === null) return null;
    this.#seen.set(pid, { startTicks, invocation });
    return invocation;
  }

  /** The pipes of an invocation are its own: whoever has one as its output has it from there. */
  #printsFor(pid: number): InvocationId | null {
    const outputs = outputsOf(pid);
    for (const [invocation, { pipes }] of this.#families) {
      if (pipes.some((pipe) => outputs.includes(pipe))) return invocation;
    }
    return null;
  }

  /** Of those who are alive: everybody who belongs to somebody, and the orphans that are known to belong to nobody. */
  #remember(living: ReadonlyMap<number, ProcessStat>, verdicts: ReadonlyMap<number, InvocationId | null>): void {
    const seen = new Map<number, Verdict>();
    for (const [pid, { startTicks }] of living) {
      const invocation = verdicts.get(pid) ?? null;
      const before = this.#seen.get(pid);
      if (invocation !== null) seen.set(pid, { startTicks, invocation });
      else if (before?.startTicks === startTicks && before.invocation === null) seen.set(pid, before);
    }
    this.#seen = seen;
  }
}
