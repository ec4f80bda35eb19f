import process from "node:process";
import type { InvocationId } from "../core/facts.ts";
import type { Group } from "./group.ts";
import type { Groups } from "./groups.ts";
import { Kinship, type Origin } from "./kinship.ts";
import { libc } from "./libc.ts";
import type { Sender } from "./notify.ts";
import { askPidfd } from "./pidfd.ts";
import { readStat } from "./procfs.ts";
import { signalGroups } from "./signal-groups.ts";

const SIGKILL = 9;
/** Looks for those who were forked while the others were killed. */
const MOST_KILL_ROUNDS = 16;

/** `joined`: its processes are known to be in the group, so that alone counts; until then, kinship counts as well. */
type Body = {
  readonly leader: number;
  isLed: boolean;
  group: Group | null;
  readonly joinsItself: boolean;
  joined: boolean;
  readonly uid: number | null;
};

export type Entry = Readonly<{
  leader: number;
  group: Group | null;
  /** The leader joins its group before its program runs; else it is brought there, with all of its own. */
  joinsItself: boolean;
  /** The user that it runs as, when that is somebody else than ourselves. */
  uid: number | null;
  /** What its output goes to. Shape: `pipe:[4711]`. */
  pipes: readonly string[];
  /** Left out: `own`. */
  origin?: Origin;
}>;

/** Who belongs to an invocation: by its control group once all of its own are in it, else by kinship. See docs/adr/0012. */
export class Members {
  readonly #kinship = new Kinship();
  readonly #bodies = new Map<InvocationId, Body>();
  readonly #groups: Groups | null;
  readonly #hear: (invocation: InvocationId) => void;

  /** `hear`: lets everything be heard that an invocation has said up to now. */
  constructor(groups: Groups | null, hear: (invocation: InvocationId) => void) {
    this.#groups = groups;
    this.#hear = hear;
  }

  enter(invocation: InvocationId, { pipes, origin = "own", ...entry }: Entry): void {
    const body: Body = { ...entry, isLed: origin !== "leaderless", joined: false };
    this.#bodies.set(invocation, body);
    this.#kinship.enter(invocation, entry.leader, pipes, origin);
    if (origin === "leaderless") body.joined = entry.group !== null;
    // Whoever was taken up may have lost its limits; whoever we start has them by now.
    if (entry.group) this.#groups?.renew(entry.group);
    if (!entry.joinsItself) void this.#gather(invocation, body);
  }

  leave(invocation: InvocationId): void {
    const group = this.#bodies.get(invocation)?.group;
    if (group) this.#groups?.discard(group);
    this.#bodies.delete(invocation);
    this.#kinship.leave(invocation);
  }

  /** Must be told before a child is reaped: a zombie still shows the group that it was in. */
  beforeReap(pid: number): void {
    for (const body of this.#bodies.values()) {
      if (!body.isLed || body.leader !== pid) continue;
      this.#groupOf(body);
      body.isLed = false;
    }
    this.#kinship.reaped(pid);
  }

  /** Zombies may be among them. */
  list(invocation: InvocationId): readonly number[] {
    const body = this.#bodies.get(invocation);
    if (!body) return [];
    const group = this.#groupOf(body);
    const kin = group ? [] : this.#kinship.list(invocation);
    const leader = group && body.isLed ? [body.leader] : [];
    return [...new Set([...leader, ...kin, ...(body.group?.pids() ?? [])])];
  }

  /** False when nobody is left; true when it takes `list` to know. */
  mayHaveAny(invocation: InvocationId): boolean {
    const body = this.#bodies.get(invocation);
    if (!body) return false;
    const group = this.#groupOf(body);
    return body.group?.isPopulated() || (!group && this.#kinship.hasAny(invocation));
  }

  has(invocation: InvocationId, pid: number): boolean {
    const body = this.#bodies.get(invocation);
    if (!body) return false;
    if (body.isLed && pid === body.leader) return true;
    const group = this.#groupOf(body);
    return body.group?.holds(pid) || (!group && this.#kinship.has(invocation, pid));
  }

  /**
   * Whether a message comes from a member, which may have ended since: helpers such as `systemd-notify` do.
   * The number of the control group in a pidfd outlives the process. Where there is none, a sender that cannot be looked up any
   * more is believed when its user is the invocation's or ours; other users' processes cannot reach the socket.
   */
  believes(invocation: InvocationId, { pid, uid, pidfd }: Sender): boolean {
    const body = this.#bodies.get(invocation);
    if (!body) return false;
    if (body.isLed && pid === body.leader) return true;
    const group = this.#groupOf(body);
    const told = pidfd === null ? null : askPidfd(pidfd);
    if (told?.groupId && body.group?.holdsId(told.groupId)) return true;
    if (told?.groupId && group) return false;
    if (told?.isAlive !== false && this.has(invocation, pid)) return true;
    // It may have gone while it was looked at.
    const isGone = readStat(pid) === null || (pidfd !== null && askPidfd(pidfd)?.isAlive === false);
    return isGone && (uid === body.uid || uid === process.geteuid?.());
  }

  /** To every member, as process groups: whoever forks meanwhile hands it on. A group that is gone is no fault. */
  signal(invocation: InvocationId, number: number): void {
    if (number === SIGKILL) this.#kill(invocation);
    else signalGroups(this.list(invocation), number);
  }

  hasLostToMemory(invocation: InvocationId): boolean {
    return this.#bodies.get(invocation)?.group?.hasLostToMemory() ?? false;
  }

  #kill(invocation: InvocationId): void {
    const body = this.#bodies.get(invocation);
    if (!body) return;
    const isGrouped = this.#groupOf(body) !== null;
    // Before anybody is killed: an orphan is harder to tell than a child.
    const first = isGrouped ? [] : this.list(invocation);
    // Whatever else is known: it may be on its way into its group right now.
    if (body.isLed) libc.kill(-body.leader, SIGKILL);
    body.group?.kill();
    if (!isGrouped) this.#killAll(invocation, first);
  }

  #killAll(invocation: InvocationId, first: readonly number[]): void {
    let found = first;
    const killed = new Set<number>();
    for (let round = 0; round < MOST_KILL_ROUNDS && found.length > 0; round++) {
      signalGroups(found, SIGKILL);
      for (const pid of found) killed.add(pid);
      const orphans = this.#kinship.orphans(invocation);
      signalGroups(orphans, SIGKILL);
      found = [...orphans, ...this.list(invocation)].filter((pid) => !killed.has(pid));
    }
  }

  /** Null until all of its own are known to be in it, and when the leader has left it, as a container's manager does. */
  #groupOf(body: Body): Group | null {
    if (body.isLed && (body.joined || body.joinsItself)) body.joined = body.group?.holds(body.leader) ?? false;
    return body.joined ? body.group : null;
  }

  async #gather(invocation: InvocationId, body: Body): Promise<void> {
    const { leader, group } = body;
    if (!group || !this.#groups) return;
    const kin = (): readonly number[] => this.#kinship.list(invocation);
    const isOver = (): boolean => this.#bodies.get(invocation) !== body;
    const gathering = await this.#groups.gather({ group, leader, kin, isOver });
    // One of its own that has spoken and ended before it could be brought was never in the group.
    if (gathering === "gathered") this.#hear(invocation);
    if (isOver()) return;
    body.joined = gathering === "gathered";
    if (gathering !== "mixed") return;
    // What is done to the group would be done to a stranger.
    this.#groups.discard(group);
    body.group = null;
  }
}
