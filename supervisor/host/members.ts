import process from "node:process";
import type { InvocationId } from "../core/facts.ts";
import type { Group } from "./group.ts";
import type { Groups } from "./groups.ts";
import { Kinship } from "./kinship.ts";
import { libc } from "./libc.ts";
import type { Sender } from "./notify.ts";
import { askPidfd } from "./pidfd.ts";
import { readStat } from "./procfs.ts";

const SIGKILL = 9;
/** Looks for those who were forked while the others were killed. */
const MOST_KILL_ROUNDS = 16;

/** `joined`: its processes are known to be in the group; until then, kinship counts. */
type Body = {
  readonly leader: number;
  isLed: boolean;
  group: Group | null;
  joined: boolean;
  readonly uid: number | null;
};

export type Entry = Readonly<{
  leader: number;
  group: Group | null;
  /** The user that it runs as, when that is somebody else than ourselves. */
  uid: number | null;
  /** What its output goes to. Shape: `pipe:[4711]`. */
  pipes: readonly string[];
}>;

/** Who belongs to an invocation: by its control group where it has one, else by kinship. */
export class Members {
  readonly #kinship = new Kinship();
  readonly #bodies = new Map<InvocationId, Body>();
  readonly #groups: Groups | null;
  readonly #ownGroupId = libc.getpgid(0);

  constructor(groups: Groups | null) {
    this.#groups = groups;
  }

  enter(invocation: InvocationId, { leader, group, uid, pipes }: Entry): void {
    this.#bodies.set(invocation, { leader, isLed: true, group, joined: false, uid });
    this.#kinship.enter(invocation, leader, pipes);
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
      if (body.joined || !body.group) continue;
      this.#groups?.discard(body.group);
      body.group = null;
    }
    this.#kinship.reaped(pid);
  }

  /** Zombies may be among them. */
  list(invocation: InvocationId): readonly number[] {
    const body = this.#bodies.get(invocation);
    if (!body) return [];
    const group = this.#groupOf(body);
    if (!group) return this.#kinship.list(invocation);
    const pids = group.pids();
    return body.isLed && !pids.includes(body.leader) ? [body.leader, ...pids] : pids;
  }

  /** False when nobody is left; true when it takes `list` to know. */
  mayHaveAny(invocation: InvocationId): boolean {
    const body = this.#bodies.get(invocation);
    if (!body) return false;
    const group = this.#groupOf(body);
    return group ? group.isPopulated() : this.#kinship.hasAny(invocation);
  }

  has(invocation: InvocationId, pid: number): boolean {
    const body = this.#bodies.get(invocation);
    if (!body) return false;
    if (body.isLed && pid === body.leader) return true;
    const group = this.#groupOf(body);
    return group ? group.holds(pid) : this.#kinship.has(invocation, pid);
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
    if (group && told?.groupId) return group.holdsId(told.groupId);
    if (told?.isAlive !== false && readStat(pid) !== null) return this.has(invocation, pid);
    return uid === body.uid || uid === process.geteuid?.();
  }

  /** To every member, as process groups: whoever forks meanwhile hands it on. A group that is gone is no fault. */
  signal(invocation: InvocationId, number: number): void {
    if (number === SIGKILL) this.#kill(invocation);
    else this.#signalGroups(this.list(invocation), number);
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
      this.#signalGroups(found, SIGKILL);
      for (const pid of found) killed.add(pid);
      const orphans = this.#kinship.orphans(invocation);
      this.#signalGroups(orphans, SIGKILL);
      found = [...orphans, ...this.list(invocation)].filter((pid) => !killed.has(pid));
    }
  }

  #signalGroups(pids: readonly number[], number: number): void {
    const groups = new Set(pids.map((pid) => libc.getpgid(pid)));
    for (const group of groups) if (group > 1 && group !== this.#ownGroupId) libc.kill(-group, number);
  }

  #groupOf(body: Body): Group | null {
    if (body.group && !body.joined && body.isLed) body.joined = body.group.holds(body.leader);
    return body.joined ? body.group : null;
  }
}
