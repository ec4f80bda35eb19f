import { describe, result } from "../core/cause.ts";
import type { Instant } from "../core/facts.ts";
import { blockers } from "../core/gates.ts";
import { healthOf } from "../core/probe.ts";
import { judged } from "../core/scale.ts";
import { mainRun, type Run, type State, serving } from "../core/state.ts";
import { worstView } from "../core/view.ts";
import type { UnitState, World } from "../core/world.ts";
import type { InstanceStatus, Status, UnitStatus } from "../unit/status.ts";
import type { Clock, Listener, Processes } from "./ports.ts";
import type { Reconfigure } from "./reconfigure.ts";
import type { Sockets } from "./sockets.ts";

/** What does not change while the supervisor runs. */
export type Identity = Omit<Status["supervisor"], "changed_on_disk">;

export type StatusSources = Readonly<{
  supervisor: Identity;
  world: World;
  clock: Clock;
  processes: Processes;
  sockets: Sockets;
  /** When a unit entered its active_state. */
  since: (unit: string) => Instant;
  /** How the unit stands to its file. */
  files: Pick<Reconfigure, "changes" | "isOutdated">;
}>;

/** Says what is, from the one world that decisions are made on. */
export function statusOf(sources: StatusSources): Status {
  const asked = ask(sources);
  const units = [...sources.world.units.values()].map((entry) => unitStatus(asked, entry));
  const supervisor = { ...sources.supervisor, changed_on_disk: sources.files.changes.any };
  return { schema_version: 1, supervisor, units };
}

/** How many units are up. */
export function activeCount({ units }: World): number {
  return [...units.values()].filter((entry) => worstView(judged(entry)).activeState === "active").length;
}

/** Says what one unit (`api`) or instance (`api@2`) is, with the processes of each invocation. Null: there is none of that name. */
export function inspect(sources: StatusSources, name: string): UnitStatus | null {
  const [unit = "", instance] = name.split("@");
  const entry = sources.world.units.get(unit);
  if (!entry) return null;
  const asked = ask(sources);
  const status = instance === undefined ? unitStatus(asked, entry) : oneInstance(asked, entry, Number(instance));
  if (!status) return null;
  const withTree = (one: InstanceStatus) => ({ ...one, processes: sources.processes.tree(one.invocation_id) });
  return { ...status, instances: status.instances.map(withTree) };
}

/** An instance, told in the same words as a unit. Why: to whom it is named it is what a unit of its own would be. */
function oneInstance(sources: Asked, entry: UnitState, instance: number): UnitStatus | null {
  const state = entry.instances[instance - 1];
  if (!state) return null;
  const name = `${entry.unit.name}@${instance}`;
  const alone = unitStatus(sources, { ...entry, target: 1, instances: [state] });
  const instances = instanceStatuses(sources.clock, name, state).map((each) => ({
    ...each,
    ...usageOf(sources, each),
  }));
  return { ...alone, name, since: stamp(sources.clock, sources.since(name)), instances };
}

/** What follows from one entry alone: it is put into words once, since an entry never changes. */
type Words = Readonly<
  Pick<UnitStatus, "active_state" | "sub_state" | "health" | "main_pid" | "generation" | "wanted" | "restarts"> &
    Pick<UnitStatus, "result" | "status_text" | "instances" | "handover" | "release" | "last_exit">
>;

/** `offset`: how the clocks stood to each other, for the times in it. */
const worded = new WeakMap<UnitState, Readonly<{ words: Words; offset: number }>>();

function wordsOf({ clock, offset }: Asked, entry: UnitState): Words {
  const known = worded.get(entry);
  if (known?.offset === offset) return known.words;
  const words = word(clock, entry);
  worded.set(entry, { words, offset });
  return words;
}

function word(clock: Clock, entry: UnitState): Words {
  const { unit, instances } = entry;
  const { activeState, subState } = worstView(judged(entry));
  const [first] = instances;
  const main = instances.map(mainRun).find((run) => run !== null) ?? null;
  const cause = instances.find((state) => state.cause !== null)?.cause ?? null;
  return {
    active_state: activeState,
    sub_state: subState,
    health: worstHealth(instances),
    main_pid: main?.pid ?? null,
    generation: main?.generation ?? first?.generation ?? 0,
    wanted: instances.some(({ wanted }) => wanted === "up") ? "up" : "down",
    restarts: instances.reduce((sum, state) => sum + state.restarts, 0),
    result: result(cause),
    status_text: ownWords(main ?? instances.flatMap((state) => state.leaving)[0]?.run),
    instances: instances.flatMap((state, index) => instanceStatuses(clock, `${unit.name}@${index + 1}`, state)),
    handover: handoverStatus(instances),
    release: main ? (main.program.release ?? null) : unit.release,
    last_exit: lastExit(clock, instances),
  };
}

/** The sources at one moment. `offset`: how the clocks stand to each other. */
type Asked = StatusSources & Readonly<{ now: Instant; offset: number; measured: { count: number } }>;

function ask(sources: StatusSources): Asked {
  return { ...sources, now: sources.clock.now(), offset: offsetOf(sources.clock), measured: { count: 0 } };
}

/**
 * How old what is measured may be, and how old it may become while others are measured, so many in one answer: nobody is to
 * wait until hundreds of processes were looked at because somebody else asks again and again. Units: milliseconds.
 */
const freshMs = 250;
const agedMs = 2000;
const mostMeasured = 50;

/** What an answer follows from beside its entry. */
type Grounds = Readonly<{ offset: number; since: Instant; changed: boolean; listeners: readonly Listener[] }>;
const answered = new WeakMap<UnitState, Readonly<{ status: UnitStatus; at: Instant; grounds: Grounds }>>();

/** The same object as long as nothing has changed, so that whoever puts it into words need not do so again. */
function unitStatus(sources: Asked, entry: UnitState): UnitStatus {
  const { name, file } = entry.unit;
  const listeners = [...sources.sockets.of(name), ...sources.sockets.retired(name)];
  const changed = sources.files.changes.has(file);
  const grounds: Grounds = { offset: sources.offset, since: sources.since(name), changed, listeners };
  const known = answered.get(entry);
  if (known && isFresh(sources, known.at) && isSame(known.grounds, grounds)) return known.status;
  const status = describeUnit(sources, entry, grounds);
  // Who waits does so for others, of whom its entry says nothing.
  const at = isWaiting(entry) ? Number.NEGATIVE_INFINITY : sources.now;
  answered.set(entry, { status, at, grounds });
  return status;
}

/** Young enough; or old, but not too old, and others were measured for this answer already. */
function isFresh(sources: Asked, at: Instant): boolean {
  const ageMs = sources.now - at;
  return ageMs < freshMs || (ageMs < agedMs && ++sources.measured.count > mostMeasured);
}

function isSame(before: Grounds, now: Grounds): boolean {
  const isSame = before.offset === now.offset && before.since === now.since && before.changed === now.changed;
  return (
    isSame &&
    before.listeners.length === now.listeners.length &&
    now.listeners.every((one, index) => one === before.listeners[index])
  );
}

function describeUnit(sources: Asked, entry: UnitState, { offset, since, changed, listeners }: Grounds): UnitStatus {
  const { unit } = entry;
  const words = wordsOf(sources, entry);
  return {
    name: unit.name,
    description: unit.description,
    file: unit.file,
    changed_on_disk: changed,
    outdated: sources.files.isOutdated(entry),
    active_state: words.active_state,
    sub_state: words.sub_state,
    health: words.health,
    main_pid: words.main_pid,
    generation: words.generation,
    wanted: words.wanted,
    restarts: words.restarts,
    since: new Date(offset + since).toISOString(),
    result: words.result,
    status_text: words.status_text,
    warnings: [],
    reason: reasonOf(sources.world, entry),
    instances: words.instances.map((one) => ({ ...one, ...usageOf(sources, one) })),
    listeners: listeners.map(({ name, address }) => ({ name, address })),
    handover: words.handover,
    release: words.release,
    last_exit: words.last_exit,
  };
}

type Usage = Pick<InstanceStatus, "memory_bytes" | "cpu_seconds">;
const unmeasured: Usage = { memory_bytes: null, cpu_seconds: null };

function usageOf({ processes }: Asked, { pid }: InstanceStatus): Usage {
  const found = pid === null ? null : processes.usage(pid);
  return found ? { memory_bytes: found.memoryBytes, cpu_seconds: found.cpuSeconds } : unmeasured;
}

/** One that is unhealthy speaks for all; healthy are they together. */
function worstHealth(instances: readonly State[]): UnitStatus["health"] {
  const each = instances.flatMap((state) => mainRun(state) ?? []).map((run) => healthOf(run.probes));
  if (each.includes("unhealthy")) return "unhealthy";
  return each.length > 0 && each.every((one) => one === "healthy") ? "healthy" : "unknown";
}

/** One sentence for what is not plain from the states alone. */
function reasonOf(world: World, entry: UnitState): string | null {
  const { unit, instances } = entry;
  const cause = instances.find((state) => state.cause !== null)?.cause;
  if (cause) return describe(cause);
  const waits = isWaiting(entry) ? blockers(world, unit.name) : [];
  if (waits.length > 0) return `waits for ${waits.map((one) => one.unit).join(", ")}`;
  const draining = instances.flatMap((state) => state.leaving).filter((one) => one.purpose === "drain");
  return draining.length > 0 ? `generation ${draining[0]?.run.generation} drains` : null;
}

function isWaiting({ instances }: UnitState): boolean {
  return instances.some((state) => state.phase.tag === "inactive" && state.wanted === "up");
}

function instanceStatuses(clock: Clock, name: string, state: State): readonly InstanceStatus[] {
  const [main, next] = serving(state);
  const one = (run: Run, phase: string): InstanceStatus => instanceStatus(clock, { name, run, phase });
  return [
    ...(main ? [one(main, state.phase.tag)] : []),
    ...(next ? [one(next, state.phase.tag === "soaking" ? "soaking" : "starting")] : []),
    ...state.leaving.map(({ run, purpose }) => one(run, purpose === "drain" ? "draining" : "stopping")),
  ];
}

function instanceStatus(
  clock: Clock,
  { name, run, phase }: Readonly<{ name: string; run: Run; phase: string }>,
): InstanceStatus {
  return {
    name,
    pid: run.pid,
    generation: run.generation,
    invocation_id: run.invocation,
    phase,
    ready_at: run.readyAt === null ? null : stamp(clock, run.readyAt),
    status_text: ownWords(run),
    health: healthOf(run.probes),
    probes: Object.entries(run.probes).map(([kind, { verdict, detail }]) => ({ kind, verdict, detail })),
    ...unmeasured,
  };
}

/** Shape: `no disk (errno 28)`, `errno 28` without words. An empty STATUS= takes them back. */
function ownWords(run: Run | undefined): string | null {
  const says = run?.says || null;
  if (!run || run.errno === null) return says;
  return says ? `${says} (errno ${run.errno})` : `errno ${run.errno}`;
}

function handoverStatus(instances: readonly State[]): UnitStatus["handover"] {
  const ends = instances.flatMap((state) => state.handover.last ?? []);
  const last = ends.find((end) => end.result !== "done") ?? ends[0];
  if (!last) return { last_result: "none", ready_ms: null, drain_ms: null, reason: null };
  return {
    // A handover that lost both generations kept nothing; its reason says what happened.
    last_result: last.result === "failed" ? "none" : last.result,
    ready_ms: round(last.readyMs),
    drain_ms: round(last.drainMs),
    reason: last.cause && describe(last.cause),
  };
}

function lastExit(clock: Clock, instances: readonly State[]): UnitStatus["last_exit"] {
  const last = instances.flatMap((state) => state.lastExit ?? []).sort((a, b) => b.at - a.at)[0];
  if (!last) return null;
  const { exit } = last;
  const at = stamp(clock, last.at);
  if (exit.by === "unknown") return { code: null, signal: null, at };
  return exit.by === "code" ? { code: exit.code, signal: null, at } : { code: null, signal: exit.signal, at };
}

const round = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));

/** How far the two clocks may drift apart before the wall clock is taken for set anew. Units: milliseconds. */
const wallJump = 1000;
const offsets = new WeakMap<Clock, number>();

/** When an instant was, for people. Two answers about one fact agree, unless the wall clock was set in between. */
function stamp(clock: Clock, at: Instant): string {
  return new Date(offsetOf(clock) + at).toISOString();
}

function offsetOf(clock: Clock): number {
  const now = clock.wall().getTime() - clock.now();
  const known = offsets.get(clock);
  const offset = known === undefined || Math.abs(now - known) > wallJump ? now : known;
  offsets.set(clock, offset);
  return offset;
}
