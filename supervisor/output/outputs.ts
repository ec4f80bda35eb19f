import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { InvocationId } from "../core/facts.ts";
import type { AdoptedOutput, OutputEnds, Outputs } from "../daemon/ports.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import type { LogStream } from "../unit/log-entry.ts";
import type { Unit } from "../unit/unit.ts";
import { Compression } from "./compression.ts";
import { type Disk, disk as realDisk } from "./disk.ts";
import type { Origin } from "./index-record.ts";
import { type LastBlock, lastBlock, type Writer } from "./last-block.ts";
import type { PipePast, Pipes } from "./pipes.ts";
import { RotatingFile } from "./rotate.ts";
import { mend } from "./shelf.ts";
import { Stream } from "./stream.ts";
import { Tail } from "./tail.ts";

export type OutputsOptions = Readonly<{
  /** Shape: `<state>/logs`. It is made when it is missing. */
  directory: string;
  pipes: Pipes;
  disk?: Disk;
  /** The clock for stamps and ages; the system's when left out. */
  wall?: () => Date;
}>;

/**
 * Makes the port that keeps what services print: one file per unit, shared by all its instances and generations.
 * Errors of `open`: spawn-failed, when the file cannot be opened or no descriptor is left. A full or failing disk is
 * no such error: a service is not kept down for want of space, its lines are counted instead.
 * Why more than 250 lines: it is one object with one state, the files of the units and the streams of their invocations.
 */
export function createOutputs(options: OutputsOptions): Outputs {
  return new PipedOutputs(options);
}

type Printed = ReturnType<Outputs["printed"]>;
const nothing: Printed = { sizeBytes: 0, droppedLines: 0 };

/** `isResting`: nobody else is to come. */
type Shared = { file: RotatingFile; users: number; isCompressing: boolean; isResting: boolean };
type Invocation = { unit: string; streams: Stream[]; writers: Map<number, Origin>; writeEnds: number[]; tail: Tail };

class PipedOutputs implements Outputs {
  readonly #directory: string;
  readonly #pipes: Pipes;
  readonly #world: Readonly<{ disk: Disk; wall: () => Date }>;
  readonly #files = new Map<string, Shared>();
  /** Of each unit; the lines that its open file has dropped come on top. */
  readonly #printed = new Map<string, Printed>();
  readonly #invocations = new Map<InvocationId, Invocation>();
  /** The ended ones of each unit, oldest first: their tails are still asked for. */
  readonly #ended = new Map<string, InvocationId[]>();
  readonly #compression = new Compression();
  /** Not from 0: the indexes go on over our death, and writers of two lives are to have two numbers. */
  #nextWriter = randomInt(MOST_WRITERS);

  constructor({ directory, pipes, disk = realDisk, wall = () => new Date() }: OutputsOptions) {
    this.#directory = directory;
    this.#pipes = pipes;
    this.#world = { disk, wall };
  }

  open(unit: Unit, instance: number, id: InvocationId, generation?: number): Outcome<OutputEnds> {
    const shared = this.#share(unit);
    if (!shared.ok) return shared;
    const ends = this.#openPipes(unit);
    if (!ends.ok) {
      this.#release(unit.name);
      return ends;
    }
    const [stdout, stderr] = ends.value;
    const known = { instance, invocation: id, pid: null, generation: generation ?? null };
    const reads = { stdout: stdout.read, stderr: stderr.read };
    this.#begin(unit, known, [stdout.write, stderr.write]);
    for (const stream of STREAMS) this.#watch(unit, { ...known, stream, fd: reads[stream], past: null });
    return ok({ stdout: stdout.write, stderr: stderr.write, reads });
  }

  adopt(
    unit: Unit,
    instance: number,
    id: InvocationId,
    { pid, generation, ...reads }: AdoptedOutput,
  ): Outcome<Readonly<{ wasFull: boolean }>> {
    const shared = this.#share(unit);
    if (!shared.ok) return shared;
    const known = { instance, invocation: id, pid, generation };
    this.#begin(unit, known, []);
    let wasFull = false;
    for (const stream of STREAMS) {
      const left = this.#pipes.past(reads[stream]);
      const past = this.#openEnd(unit.name, { invocation: id, stream }, left);
      if (past?.isMidLine) shared.value.file.goOn(past.from, past.isAtEnd);
      this.#watch(unit, { ...known, stream, fd: reads[stream], past });
      wasFull ||= left.isFull;
    }
    for (const stream of this.#invocations.get(id)?.streams.slice() ?? []) stream.goOn();
    return ok({ wasFull });
  }

  started(id: InvocationId, pid?: number): void {
    const invocation = this.#invocations.get(id);
    for (const fd of invocation?.writeEnds.splice(0) ?? []) this.#pipes.close(fd);
    if (!invocation || pid === undefined) return;
    for (const [number, origin] of invocation.writers) this.#name(invocation, number, { ...origin, pid });
  }

  flush(id: InvocationId): void {
    for (const stream of this.#invocations.get(id)?.streams.slice() ?? []) stream.flush();
  }

  tail(id: InvocationId): readonly string[] {
    return this.#invocations.get(id)?.tail.lines() ?? [];
  }

  limit(unit: Unit): void {
    this.#files.get(unit.name)?.file.limit(unit.output);
  }

  printed(unit: string): Printed {
    const before = this.#printed.get(unit) ?? nothing;
    const dropped = this.#files.get(unit)?.file.droppedLines ?? 0;
    return { ...before, droppedLines: before.droppedLines + dropped };
  }

  rest(unit: string): void {
    const shared = this.#files.get(unit);
    if (!shared) return;
    shared.isResting = true;
    this.#closeUnused(unit);
  }

  reopen(): void {
    for (const { file } of this.#files.values()) file.reopen();
  }

  close(): void {
    for (const [id, { streams }] of this.#invocations) {
      this.started(id);
      for (const stream of streams.slice()) stream.close();
    }
    for (const unit of [...this.#files.keys()]) this.rest(unit);
    this.#invocations.clear();
    this.#ended.clear();
    this.#compression.close();
  }

  #path(unit: string): string {
    return join(this.#directory, `${unit}.log`);
  }

  #share(unit: Unit): Outcome<Shared> {
    const known = this.#files.get(unit.name);
    if (known) {
      if (known.users === 0) known.file.revisit();
      known.file.limit(unit.output);
      known.users++;
      known.isResting = false;
      known.isCompressing = unit.output.compress;
      return ok(known);
    }
    const path = this.#path(unit.name);
    const rotated = (): void => {
      if (shared.isCompressing) this.#compression.add(path);
    };
    const file = new RotatingFile(path, unit.output, { ...this.#world, rotated });
    const shared: Shared = { file, users: 1, isCompressing: unit.output.compress, isResting: false };
    mend(path, this.#world.disk);
    const error = this.#world.disk.makeDirectory(this.#directory) ?? file.reopen();
    if (error && !FAILING_DISK.has(error.code)) {
      return fail(openFault(unit, `${path}: ${error.text} (${error.code})`));
    }
    this.#files.set(unit.name, shared);
    // What a former life left plain.
    rotated();
    return ok(shared);
  }

  #release(unit: string): void {
    const shared = this.#files.get(unit);
    if (!shared) return;
    shared.users--;
    this.#closeUnused(unit);
  }

  #closeUnused(unit: string): void {
    const shared = this.#files.get(unit);
    if (!shared || shared.users > 0 || !shared.isResting) return;
    this.#printed.set(unit, this.printed(unit));
    shared.file.close();
    this.#files.delete(unit);
  }

  #openPipes(unit: Unit): Outcome<readonly [PipeEnds, PipeEnds]> {
    const opened: PipeEnds[] = [];
    try {
      const stdout = this.#pipes.open();
      opened.push(stdout);
      return ok([stdout, this.#pipes.open()]);
    } catch (error) {
      for (const { read, write } of opened) {
        this.#pipes.close(read);
        this.#pipes.close(write);
      }
      const message = error instanceof Error ? error.message : String(error);
      return fail(openFault(unit, `no pipe for its output: ${message}`));
    }
  }

  #name(invocation: Invocation, number: number, origin: Origin): void {
    invocation.writers.set(number, origin);
    this.#files.get(invocation.unit)?.file.name(number, origin);
  }

  #begin(unit: Unit, { invocation }: Known, writeEnds: number[]): void {
    const begun = { unit: unit.name, streams: [], writers: new Map(), writeEnds, tail: new Tail() };
    this.#invocations.set(invocation, begun);
  }

  /** Where a former life has stopped in the unit's output. Null: between two lines, and whatever it wrote has left the pipe. */
  #openEnd(unit: string, writer: Writer, { isSettled, isMidLine }: PipePast): LastBlock | null {
    if (isSettled && !isMidLine) return null;
    const last = lastBlock(this.#path(unit), writer);
    return last && isSettled ? { ...last, candidates: [] } : last;
  }

  #watch(unit: Unit, { stream: name, fd, past, ...known }: Watched): void {
    const invocation = this.#invocations.get(known.invocation);
    if (!invocation) return;
    const number = past?.from ?? this.#nextWriter++;
    this.#name(invocation, number, { ...known, stream: name, isStamped: unit.output.timestamps });
    const stream = new Stream({
      fd,
      past,
      pipes: this.#pipes,
      wall: unit.output.timestamps ? this.#world.wall : null,
      write: (bytes) => this.#write(unit.name, number, bytes),
      remember: (bytes) => invocation.tail.take(number, bytes),
      ended: () => {
        this.#files.get(unit.name)?.file.forget(number);
        invocation.writers.delete(number);
        this.#streamEnded(known.invocation, stream);
      },
    });
    invocation.streams.push(stream);
  }

  #write(unit: string, number: number, bytes: Uint8Array): void {
    const before = this.#printed.get(unit) ?? nothing;
    this.#printed.set(unit, { ...before, sizeBytes: before.sizeBytes + bytes.length });
    this.#files.get(unit)?.file.write(number, bytes);
  }

  #streamEnded(id: InvocationId, stream: Stream): void {
    const invocation = this.#invocations.get(id);
    if (!invocation) return;
    invocation.streams = invocation.streams.filter((other) => other !== stream);
    if (invocation.streams.length > 0) return;
    this.#release(invocation.unit);
    const ended = this.#ended.get(invocation.unit) ?? [];
    this.#ended.set(invocation.unit, ended);
    ended.push(id);
    if (ended.length > KEPT_TAILS) this.#invocations.delete(ended.shift() ?? id);
  }
}

type Known = Omit<Origin, "stream" | "isStamped">;

type Watched = Known & Readonly<{ stream: LogStream; fd: number; past: LastBlock | null }>;

type PipeEnds = Readonly<{ read: number; write: number }>;

const STREAMS = ["stdout", "stderr"] as const;

/** Units: numbers. Those of a life that begins with the last one still fit the index. */
const MOST_WRITERS = 2 ** 30;

/** How many ended invocations of a unit can still be asked for their last lines. */
const KEPT_TAILS = 8;

/** States of a disk that pass. */
const FAILING_DISK: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EIO", "EROFS"]);

function openFault(unit: Unit, message: string): Fault {
  return { code: "spawn-failed", message, retry: "later", unit: unit.name };
}
