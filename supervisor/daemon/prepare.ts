import { commandsOf } from "../core/chore.ts";
import type { Effect } from "../core/effect.ts";
import type { Exit, SpawnStage } from "../core/facts.ts";
import type { Whom, World } from "../core/world.ts";
import type { Command, Line } from "../unit/command.ts";
import type { KeysRead } from "../unit/credential.ts";
import { type Fault, type Outcome, ok } from "../unit/fault.ts";
import { privilegesOf } from "../unit/privileges.ts";
import { resourcesOf } from "../unit/resources.ts";
import type { Unit } from "../unit/unit.ts";
import type { Credentials, Disk, Outputs, PrivateListeners, SpawnOrder } from "./ports.ts";
import type { Programs } from "./programs.ts";
import type { Sockets } from "./sockets.ts";

/** Where everything that a process needs comes from. */
export type Supplies = Readonly<{
  sockets: Sockets;
  privates: PrivateListeners;
  credentials: Credentials;
  outputs: Outputs;
  programs: Pick<Programs, "keep" | "commandOf">;
  disk: Pick<Disk, "accepted">;
  /** The command line of one instance; reads the environment files. */
  command: (unit: Unit, instance: number, extra: Line["extra"]) => Outcome<Command>;
  /** The same for one of its other commands. */
  commandLine: (unit: Unit, instance: number, line: Line) => Outcome<Command>;
}>;

export type Prepared =
  | Readonly<{ ok: true; order: SpawnOrder }>
  | Readonly<{ ok: false; refusal: Readonly<{ stage: SpawnStage; code: string; message: string }> }>;

type SpawnEffect = Extract<Effect, { tag: "spawn" }>;
type CommandEffect = Extract<Effect, { tag: "command" }>;
type Of = Readonly<{ unit: Unit; instance: number }>;

/** `keys`: those of the unit's encrypted credentials; null where it has none. */
export type Given = Readonly<{ world: World; keys: KeysRead | null }>;

/** Gathers all that a service's process needs, in the order in which it can go wrong: sockets, credentials, command line, output. */
export function prepareMain(supplies: Supplies, { unit, instance }: Of, effect: SpawnEffect, given: Given): Prepared {
  const { invocation, generation } = effect;
  const { world, keys } = given;
  const listeners = gatherListeners(supplies, unit, invocation);
  if (!listeners.ok) return refuse("listen", listeners.faults);
  const secret = supplies.credentials.open(unit, instance, invocation, keys);
  if (!secret.ok) return refuse("credential", secret.faults);
  const command = mainCommand(supplies, { unit, instance }, effect, secret.value);
  if (!command.ok) return refuse("command", command.faults);
  const output = supplies.outputs.open(unit, instance, invocation, generation);
  if (!output.ok) return refuse("output", output.faults);
  const env = {
    ...command.value.env,
    ...identityOf({ unit, instance }, invocation, generation),
    SUPERVISOR_DRAIN_MS: String(Math.min(unit.handover.drainMs, unit.service.timeoutStopMs)),
    ...(unit.service.config.length > 0 && { SUPERVISOR_CONFIG: supplies.disk.accepted }),
    ...(unit.service.watchdogMs > 0 && { WATCHDOG_USEC: String(unit.service.watchdogMs * 1000) }),
    ...(replaces(world, { unit: unit.name, instance }, invocation) && { SUPERVISOR_HANDOVER: "1" }),
  };
  const order = { ...command.value, env, ...output.value, ...bounds({ unit, instance }) };
  return { ok: true, order: { invocation, ...order, listeners: listeners.value, notify: true } };
}

/** The command line as the files have it now, or that of the earlier life whose program this one has. */
function mainCommand(
  { command, programs }: Supplies,
  { unit, instance }: Of,
  { program, invocation }: SpawnEffect,
  credentials: string | null,
): Outcome<Command> {
  const earlier = program === invocation ? null : programs.commandOf(program, credentials);
  if (earlier) return ok(earlier);
  const made = command(unit, instance, credentialsIn(credentials));
  if (made.ok) programs.keep(invocation, made.value, credentials);
  return made;
}

/** The same for a command that runs beside or between the service's processes: it has no listeners, and nothing to notify. */
export function prepareCommand(supplies: Supplies, of: Of, effect: CommandEffect, { keys }: Given): Prepared {
  const { unit, instance } = of;
  const { invocation, kind, index, generation } = effect;
  const argv = commandsOf(unit.service, kind)[index];
  if (!argv) return refuse("command", []);
  const secret = supplies.credentials.open(unit, instance, invocation, keys);
  if (!secret.ok) return refuse("credential", secret.faults);
  const key = `service.exec_${kind.replace("-", "_")}`;
  const extra = { ...credentialsIn(secret.value), ...aboutMain(effect) };
  const command = supplies.commandLine(unit, instance, { argv, key, extra });
  if (!command.ok) return refuse("command", command.faults);
  const output = supplies.outputs.open(unit, instance, invocation, generation);
  if (!output.ok) return refuse("output", output.faults);
  const env = { ...command.value.env, ...identityOf(of, effect.of.invocation ?? invocation, generation) };
  const order = { ...command.value, env, ...output.value, ...bounds(of) };
  return { ok: true, order: { invocation, ...order, listeners: [], notify: false } };
}

/** The unit's own listeners in file order, and last the private one where a probe asks for it. */
function gatherListeners(
  { sockets, privates }: Supplies,
  unit: Unit,
  invocation: string,
): Outcome<SpawnOrder["listeners"]> {
  const own = sockets.ensure(unit);
  if (!own.ok) return own;
  const passed = own.value.map(({ name, fd }) => ({ name, fd }));
  if (!wantsPrivateListener(unit)) return { ok: true, value: passed };
  const alone = privates.open(invocation);
  return alone.ok ? { ok: true, value: [...passed, { name: "private", fd: alone.value.fd }] } : alone;
}

function wantsPrivateListener({ probes }: Unit): boolean {
  return Object.values(probes).some((probe) => probe.ask.tag === "listener");
}

function credentialsIn(directory: string | null): Readonly<Record<string, string>> {
  return directory === null ? {} : { CREDENTIALS_DIRECTORY: directory };
}

function identityOf({ unit, instance }: Of, invocation: string, generation: number): Readonly<Record<string, string>> {
  return {
    INVOCATION_ID: invocation,
    SUPERVISOR_UNIT: unit.name,
    SUPERVISOR_INSTANCE: String(instance),
    SUPERVISOR_GENERATION: String(generation),
  };
}

function bounds({ unit, instance }: Of): Pick<SpawnOrder, "privileges" | "resources" | "keeper" | "storeMax"> {
  const { service } = unit;
  const store = { keeper: `${unit.name}@${instance}`, storeMax: service.fileDescriptorStoreMax };
  return { privileges: privilegesOf(service), resources: resourcesOf(service), ...store };
}

/** Source: systemd.exec(5), $MAINPID, $SERVICE_RESULT, $EXIT_CODE and $EXIT_STATUS. */
function aboutMain({ of, end }: CommandEffect): Readonly<Record<string, string>> {
  return {
    ...(of.pid !== null && { MAINPID: String(of.pid) }),
    ...(end && { SERVICE_RESULT: end.result, ...(end.exit && exitVariables(end.exit)) }),
  };
}

function exitVariables(exit: Exit): Readonly<Record<string, string>> {
  if (exit.by === "unknown") return {};
  if (exit.by === "code") return { EXIT_CODE: "exited", EXIT_STATUS: String(exit.code) };
  return { EXIT_CODE: exit.core ? "dumped" : "killed", EXIT_STATUS: exit.signal.slice("SIG".length) };
}

/** Whether it is the new generation of a handover, which is to accept nobody before it is ready. */
function replaces(world: World, { unit, instance }: Whom, invocation: string): boolean {
  const phase = world.units.get(unit)?.instances[instance - 1]?.phase;
  return phase?.tag === "replacing" && phase.next.invocation === invocation;
}

function refuse(stage: SpawnStage, faults: readonly Fault[]): Prepared {
  const message = faults.map((fault) => fault.message).join("; ");
  return { ok: false, refusal: { stage, code: faults[0]?.code ?? "", message } };
}
