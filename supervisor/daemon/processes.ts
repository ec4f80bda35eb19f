import type { Exit, InvocationId, SpawnStage, Survivor } from "../core/facts.ts";
import type { Finding } from "../core/recover.ts";
import type { Privileges } from "../unit/privileges.ts";
import type { Resources } from "../unit/resources.ts";
import type { ProcessStatus } from "../unit/status.ts";
import type { SignalName } from "../unit/unit.ts";

export type SpawnOrder = Readonly<{
  invocation: InvocationId;
  argv: readonly [string, ...string[]];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** In the order of the unit file; they become descriptors 3, 4, …. */
  listeners: readonly Readonly<{ name: string; fd: number }>[];
  stdout: number;
  stderr: number;
  /** The other ends of its output, to be kept where a killed supervisor loses nothing of it. Left out: it is not worth that. */
  reads?: Readonly<{ stdout: number; stderr: number }>;
  /** Whether the child gets a NOTIFY_SOCKET of its own. */
  notify: boolean;
  /** Null: as the supervisor itself. */
  privileges: Privileges | null;
  /** What its whole group may take, where cgroup v2 may be written; null: as much as it likes. */
  resources: Resources | null;
  /** Whose stored descriptors (FDSTORE) it gets, and whose store takes what it sends. Shape: `api@2`. */
  keeper: string;
  /** How many of them the store may hold. Default: 64. */
  storeMax?: number;
}>;

export type ProcessEvent = Readonly<
  | { tag: "spawned"; invocation: InvocationId; pid: number; startTicks: number }
  | { tag: "spawn-failed"; invocation: InvocationId; stage: SpawnStage; code: string; message: string }
  /** A datagram from a process of the invocation's own session. Shape: `{ READY: "1", STATUS: "warm" }`. */
  | { tag: "notified"; invocation: InvocationId; pid: number; fields: Readonly<Record<string, string>> }
  /** The main process was reaped. All it said before (notify, output) has been delivered. No survivors: nobody is left for sure. */
  | { tag: "exited"; invocation: InvocationId; exit: Exit; survivors: readonly Survivor[] }
  /** Follows an `exited` that had survivors, once none is left. */
  | { tag: "emptied"; invocation: InvocationId }
  /** MAINPID: another process of the invocation is the main one from now on; `exited` will speak of it. */
  | { tag: "main-pid"; invocation: InvocationId; pid: number }
>;

/**
 * What is there of an invocation that another supervisor has started. `output`: the read ends of its output, which are the caller's
 * now; null where nobody has kept them.
 */
export type Adopted = Readonly<{
  found: Finding;
  output: Readonly<{ stdout: number; stderr: number }> | null;
}>;

export interface Processes {
  /**
   * Starts a process in a session and process group of its own. Answers with `spawned` or `spawn-failed`; the latter may
   * also follow `spawned`, when the program behind the shell that confines it could not be executed.
   */
  spawn(order: SpawnOrder): void;
  /**
   * Goes on with whoever is there of an invocation that another supervisor has started, and is silent about all that has happened
   * to it before. `mainPid`: its main process as it was last known. To be called once for each, before anything else.
   */
  adopt(invocation: InvocationId, mainPid: number | null): Adopted;
  /** Of one that was gone when it was adopted, all is kept that it had printed: whoever comes after us need not know of it. */
  letGo(invocation: InvocationId): void;
  /** Hears, before it returns, all that processes have said up to now. */
  hearAll(): void;
  /** Sends a signal to the whole group, or to its main process alone. A group that is gone is no fault. */
  signal(invocation: InvocationId, signal: SignalName, scope: "group" | "main"): void;
  /** Names who is still alive in the group (for the report when a stop goes over its limit). */
  members(invocation: InvocationId): readonly Survivor[];
  /** Inodes of the sockets that the invocation's processes wait for through epoll: a listener is served where it is among them. */
  polled(invocation: InvocationId): ReadonlySet<number>;
  /** Resident memory in bytes and processor seconds of a live process; null when it is gone. */
  usage(pid: number): Readonly<{ memoryBytes: number; cpuSeconds: number }> | null;
  /** Everybody alive of an invocation: its session, and whoever descends from that, in the order of their pids. Costs a walk through all processes. */
  tree(invocation: InvocationId): readonly ProcessStatus[];
  /** Closes what a service has stored with FDSTORE: it was stopped, and nobody is to get it any more. */
  forget(keeper: string): void;
}
