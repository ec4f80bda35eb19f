import type { Instant, InvocationId, Survivor } from "../core/facts.ts";
import type { SourceAnswer, SourceRequest } from "../core/source.ts";
import type { Command } from "../unit/command.ts";
import type { KeysRead } from "../unit/credential.ts";
import type { Fault, Outcome } from "../unit/fault.ts";
import type { Plan } from "../unit/plan.ts";
import type { Privileges } from "../unit/privileges.ts";
import type { Chain } from "../unit/reason.ts";
import type { ReleaseStatus } from "../unit/release.ts";
import type { Setting } from "../unit/setting.ts";
import type { Status, UnitStatus } from "../unit/status.ts";
import type { BindableSocket, ProbeKind, SignalName, Unit } from "../unit/unit.ts";
import type { Adopted, ProcessEvent, Processes, SpawnOrder } from "./processes.ts";

export type { AskAnswers, ReleaseHost, Releases } from "./releases.ts";
export type { Adopted, ProcessEvent, Processes, SourceAnswer, SpawnOrder };

/**
 * The daemon's whole view of the outside: the operating system as a struct of a few functions.
 * Ports never throw; what fails comes back as an event or an Outcome. `host/` implements them for real,
 * `test/sim` virtually, and one conformance suite runs on both.
 */

export interface Clock {
  now(): Instant;
  /** For stamps that people read; never for decisions. */
  wall(): Date;
  /** Asks for one call of `ring` at `at` or soon after. A later call replaces the earlier one; `null` asks for none. */
  wakeAt(at: Instant | null, ring: () => void): void;
}

/** Lets everybody else have a turn when there is much to do at once. */
export interface Pace {
  /** Whether enough was done since descriptors and timers were last looked after. */
  isSpent(): boolean;
  /** Calls back once they were. */
  resume(work: () => void): void;
  /** Somebody has asked something, and waits for the whole answer: the next pauses are longer. */
  attend(): void;
}

/** What a process and all of its session, and whoever descends from those, take now. Units: threads, bytes, seconds. */
export type Load = Readonly<{ tasks: number; memoryBytes: number; cpuSeconds: number; openFds: number }>;

export interface Scales {
  /** Weighs each of these processes in one walk through all that there are, a few at a time. One that is gone is left out. */
  weigh(pids: readonly number[]): Promise<ReadonlyMap<number, Load>>;
}

/** A bound, listening socket that the supervisor owns and lends. */
export type Listener = Readonly<{
  name: string;
  fd: number;
  /** As bound: port 0 has become the real port. Shape: `127.0.0.1:8080`, `[::1]:8080`, `/run/x.sock`. */
  address: string;
  inode: number;
}>;

export interface Listeners {
  /**
   * Opens a unit's listener, non-blocking and close-on-exec, or takes the one that a service manager passed for it.
   * Errors: listener-busy (names the holder), listener-failed.
   */
  open(unit: string, socket: BindableSocket): Outcome<Listener>;
  /** `listen(2)` again with the configured backlog: runtimes shrink it to 511 when they adopt a socket. */
  assertBacklog(listener: Listener, backlog: number): void;
  /**
   * Looks whether a process has shut the socket down, which ends it for everybody who has it, and lets it listen again.
   * `lost`: that cannot be, as with a unix path or a port that somebody else has taken meanwhile; it is to be opened anew.
   */
  mend(listener: Listener, backlog: number): "whole" | "mended" | "lost";
  /** Closes; unlinks a unix path only when it is still the same inode. */
  close(listener: Listener): void;
}

/**
 * What the kernel knows of one listener.
 * `waiting`: connections that nobody has accepted yet; null where it does not tell. `gone`: a unix path that is not there.
 */
export type Sight = Readonly<{
  name: string;
  address: string;
  waiting: number | null;
  isGone: boolean;
  /** Whoever has it open, the supervisor aside. */
  holders: readonly Holder[];
  rivals: readonly Rival[];
}>;

/** `idle`: it could not take a connection now. `unknown`: it computes, serves one, or may not be looked into. */
export type Holder = Readonly<{ pid: number; command: string; does: "accepts" | "idle" | "unknown" }>;

/**
 * Another socket with the listener's port or path.
 * `takes`: connections to the listener's own address; else only what asks for the other family's, as `localhost` may.
 * `unit`: whose listener it is, if one of ours. `pid`, `command`: null where it cannot be told who has it open.
 */
export type Rival = Readonly<{
  address: string;
  takes: boolean;
  unit: string | null;
  pid: number | null;
  command: string | null;
}>;

/** `elsewhere`: the sockets on which the given processes listen besides. `stopped`: those of them that a signal has stopped. */
export type Testimony = Readonly<{
  sights: readonly Sight[];
  elsewhere: readonly Readonly<{ pid: number; command: string; address: string }>[];
  stopped: readonly number[];
}>;

/** Tells who really serves. Why for one unit at a time: it costs a walk through the descriptors of all processes. */
export interface Witness {
  /** `pids`: the processes of the unit. */
  look(unit: string, pids: readonly number[]): Testimony;
  /** Who said READY for an invocation without being its main process and is gone; null: nobody such. */
  lostSpeaker(invocation: InvocationId): Survivor | null;
}

/** A listener that one invocation alone gets, for questions that no other may answer: a unix socket that only our user may connect to. */
export type PrivateListener = Readonly<{ fd: number; path: string; inode: number }>;

export interface PrivateListeners {
  /** Errors: listener-failed. */
  open(invocation: InvocationId): Outcome<PrivateListener>;
  of(invocation: InvocationId): PrivateListener | null;
  /** Closes and unlinks. None there is no fault. */
  close(invocation: InvocationId): void;
}

/** A directory of its own for the credentials of each invocation. Source: systemd.exec(5), LoadCredential=. */
export interface Credentials {
  /**
   * Fetches what a unit's encrypted credentials are decrypted with; null for a unit without any. A promise, which never rejects, where
   * somebody else has the keys.
   */
  keys(unit: Unit): KeysRead | Promise<KeysRead> | null;
  /** Gives the directory, or null for a unit without credentials. Errors: credential-failed, with the key and the path. */
  open(unit: Unit, instance: number, invocation: InvocationId, keys: KeysRead | null): Outcome<string | null>;
  /** Removes the directory and what is in it. None there is no fault. */
  close(invocation: InvocationId): void;
}

/** One question of a probe, with everything that it takes to ask it. */
export type Question = Readonly<{
  invocation: InvocationId;
  kind: ProbeKind;
  ask: Readonly<
    | { tag: "http"; url: string }
    | { tag: "tcp"; host: string; port: number }
    /** `privileges`: those of the service itself; left out or null: as the supervisor. */
    | { tag: "exec"; command: Command; privileges: Privileges | null }
    /**
     * Asked on the invocation's private listener. Where its processes do not accept on that: on the unit's own listener,
     * and then only an answer from one of its processes counts. `address: null`: there is no other.
     */
    | { tag: "listener"; address: string | null; path: string }
  >;
  timeoutMs: number;
}>;

/** `detail` is one clause for people. Shape: `answered 503`, `refused the connection`, `gave no answer within 1s`. */
export type Answer = Readonly<{ invocation: InvocationId; kind: ProbeKind; ok: boolean; detail: string }>;

/** How many answers of one outcome a unit's probes of one kind were given. */
export type ProbeCount = Readonly<{ unit: string; kind: ProbeKind; ok: boolean; count: number }>;

/** Asks the probes' questions. Every `ask` is answered once, within its time limit, unless it is cancelled. */
export interface Probing {
  ask(question: Question): void;
  /** Drops whatever is being asked of an invocation; an exec probe is killed. */
  cancel(invocation: InvocationId): void;
  /** Takes what concerns the process of an exec probe. False: it is nobody's here. */
  heard(event: ProcessEvent): boolean;
}

/** The descriptors of an invocation's two pipes. */
export type OutputEnds = Readonly<{
  stdout: number;
  stderr: number;
  reads: Readonly<{ stdout: number; stderr: number }>;
}>;

/** `stdout`, `stderr`: the read ends. `pid`, `generation`: for whoever reads the output; null: not known. */
export type AdoptedOutput = Readonly<{
  stdout: number;
  stderr: number;
  pid: number | null;
  generation: number | null;
}>;

/** What services print. One file per unit below `<state>/logs`, rotated by size. */
export interface Outputs {
  /**
   * The write ends for a new invocation. The caller passes them to `spawn`, then calls `started`.
   * `reads`: the other ends, which stay ours: for a holder that keeps the pipes open should we die.
   */
  open(unit: Unit, instance: number, invocation: InvocationId, generation?: number): Outcome<OutputEnds>;
  /**
   * Takes over the read ends of an invocation that a former life of the supervisor has started, and goes on where that
   * one was stopped: what it has written and not yet taken out of the pipe is not written twice.
   *
   * The descriptors must be those of the former life or copies of them (by inheritance or SCM_RIGHTS, not opened anew by a
   * path), with the file status flags that it left. They are ours from now on, unless it fails, with the faults of `open`.
   * `wasFull`: whoever prints may have had to wait.
   */
  adopt(
    unit: Unit,
    instance: number,
    invocation: InvocationId,
    adopted: AdoptedOutput,
  ): Outcome<Readonly<{ wasFull: boolean }>>;
  /** Closes our copies of the write ends: from now on the pipe ends with the child. `pid`: for whoever reads the output. */
  started(invocation: InvocationId, pid?: number): void;
  /** Reads everything that is in the pipes now, so that what a dead child said is not lost. */
  flush(invocation: InvocationId): void;
  /** What a unit has printed since the supervisor started, and how much of it could not be kept. */
  printed(unit: string): Readonly<{ sizeBytes: number; droppedLines: number }>;
  /** The last complete lines that this invocation printed. Bound: 20 lines, 4 KiB. */
  tail(invocation: InvocationId): readonly string[];
  /** Holds the unit's file to other limits from now on. */
  limit(unit: Unit): void;
  /** No process of the unit is to come: its file is closed when the last one has said its last word. Until then it stays open over restarts. */
  rest(unit: string): void;
  /** Opens the files anew (SIGUSR1, after somebody else moved them). */
  reopen(): void;
  close(): void;
}

/** Where it is kept what happened to each unit, beyond the life of the daemon. It may lose the last moments of a power cut. */
export interface HistoryFiles {
  /** Empty where there is nothing, or nothing that can be read. */
  read(unit: string): string;
  /** How much `read` would give. Units: bytes. */
  sizeBytes(unit: string): number;
  /** Gives what went wrong in one sentence, or null. */
  append(unit: string, text: string): string | null;
  /** All of it, or nothing at all. Gives what went wrong, or null. */
  replace(unit: string, text: string): string | null;
  /** Calls once, shortly. `isMore`: something was left over the last time, and need not gather first. */
  soon(write: () => void, isMore?: boolean): void;
}

/**
 * Where it is written down how the units stand, for whoever comes after this process was killed. Each gives what went wrong in one
 * sentence, or null.
 */
export interface StateFile {
  append(text: string): string | null;
  /** All of it, or nothing at all. */
  replace(text: string): string | null;
}

/** A change that is ready and cannot fail any more. One of the two is called, once. */
export type Pending = Readonly<{ commit(): void; abandon(): void }>;

/** What the files below the root say at one moment. `texts`: every file by its path below the root. */
export type Files = Readonly<{
  units: readonly Unit[];
  settings: readonly Setting[];
  texts: ReadonlyMap<string, string>;
}>;

/** The unit files and the configuration, as they are on disk. */
export interface Disk {
  /** Errors: every fault of every file at once, by file and line. */
  read(): Outcome<Files>;
  /** The texts alone, whatever they say. A file that cannot be read is left out. */
  texts(): ReadonlyMap<string, string>;
  /** Keeps what was accepted, for services that start later and for the next supervisor. Gives what went wrong in one sentence, or null. */
  keep(texts: Files["texts"]): string | null;
  /** The folder where it is kept. */
  readonly accepted: string;
}

/** Asks a remote source of settings once. Never rejects. `tokenFile`: what is in it is shown to the source. */
export type AskSource = (
  request: SourceRequest & Readonly<{ tokenFile: string | null }>,
  signal: AbortSignal,
) => Promise<SourceAnswer>;

/** The supervisor's own settings. */
export interface Settings {
  /** Makes ready what the new values take. Errors: listener-failed. */
  prepare(next: readonly Setting[]): Outcome<Pending>;
}

/** What a command came to, for one unit. */
export type Verdict = Readonly<{
  unit: string;
  result: "done" | "failed" | "kept-old" | "refused" | "timed-out";
  /** One line, ready to print. Shape: `start api: failed at stage exec: /usr/bin/bunn: No such file or directory (ENOENT)`. */
  message: string;
  /** The child's last lines, when they tell why. */
  tail: readonly string[];
  fault: Fault | null;
}>;

export type Order = Readonly<
  | { tag: "start"; units: readonly string[] }
  /** Asks for nothing, and waits as for a start. */
  | { tag: "settle"; units: readonly string[] }
  /** `units: null` means everything, then the daemon itself. */
  | { tag: "stop"; units: readonly string[] | null; cascade: boolean }
  | { tag: "restart"; units: readonly string[] }
  /** `units: null` means every unit that can. */
  | { tag: "reload"; units: readonly string[] | null }
  /** `count`: how many instances there are to be, or how many more (or, negative, fewer) than now. */
  | { tag: "scale"; units: readonly string[]; count: number; relative: boolean }
  | { tag: "reset-failed"; units: readonly string[] }
  | { tag: "signal"; units: readonly string[]; signal: SignalName }
  /** The files are read anew, and what they say takes the place of what is loaded. */
  | { tag: "reconfigure" }
  /** Everything is to run from that release; `insist`: though it is known to be bad. */
  | { tag: "deploy"; release: string; insist: boolean }
  /** Back to that release; `null`: to the last good one. */
  | { tag: "rollback"; release: string | null }
>;

/**
 * Who gave an order. `client`: somebody on the control API, by his own words: whoever may open the socket is the
 * supervisor's own user or root. `supervisor`: it did so itself when it started.
 */
export type Giver = Readonly<
  | { tag: "client"; user: string | null; uid: number | null; pid: number | null; command: string | null }
  | { tag: "signal"; signal: SignalName }
  | { tag: "supervisor" }
  /** A release has not done well, and is taken back. */
  | { tag: "gate"; release: string; why: string }
>;

/** One transition, as `GET /v1/events` streams it. */
export type Happening = Readonly<{
  /** Ever growing, without gaps, from 1 in each life of the daemon. */
  seq: number;
  /** RFC 3339. */
  at: string;
  /** Dotted, past or state, never a sentence: `service.active`, `handover.done`. */
  event: string;
  unit: string | null;
  instance: number | null;
  invocation: InvocationId | null;
  generation: number | null;
  from: string | null;
  to: string | null;
  why: string | null;
  /** Why, for programs. */
  cause: Chain | null;
  /** How long it took (`service.ready`, `handover.drained`) or is going to take (`service.restart-due`). */
  duration_ms: number | null;
  pid: number | null;
}>;

/** What the control plane may ask of the daemon. It posts events and reads snapshots; it never waits for a transition to answer another request. */
export interface Desk {
  status(): Status;
  /** One unit, or one instance (`api@2`) as if it were a unit, with its process trees, which cost too much for the list. Null: there is none. */
  inspect(name: string): UnitStatus | null;
  /** What the unit's file said when it was loaded. Null: there is no such unit. */
  loaded(unit: string): Unit | null;
  /** Takes unit patterns (`api`, `api@2`, `work*`, `all`) apart. Errors: unit-unknown with the nearest name. */
  match(patterns: readonly string[]): Outcome<readonly string[]>;
  /** Gives an order. Errors at once: unit-unknown, unit-required, shutting-down, and all that a reconfigure may be refused with. The promise is settled when every unit has come to rest. */
  order(order: Order, by?: Giver): Outcome<Promise<readonly Verdict[]>>;
  /** What a reconfigure would do now; nothing is changed by asking. Errors: those that it would be refused with. */
  plan(): Outcome<Plan>;
  /** The settings that hold, with the layer that set each. */
  settings(): readonly Setting[];
  /** The releases there are, in the order in which they were made. */
  releases(): readonly ReleaseStatus[];
  /** The last happenings after `seq` (bound: 1000 kept), then each new one, until the signal. */
  happenings(after: number, signal: AbortSignal): AsyncIterable<Happening>;
  /** Where a unit's output is kept. Shape: `<state>/logs/api.log`. */
  outputFile(unit: string): string;
}
