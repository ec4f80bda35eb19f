import type { InstanceStatus, ListenerStatus, UnitStatus } from "../unit/status.ts";
import type { Desk, Holder, Rival, Sight, Testimony, Witness } from "./ports.ts";

/** Units: characters, and processes by name. A warning is one line that people read. */
const LONGEST_COMMAND = 60;
const MOST_NAMED = 3;

/** A desk whose answers also say what is not as it seems. `desk` must be a record of functions, whose `this` does not matter. */
export function truthful(desk: Desk, witness: Witness): Desk {
  return {
    ...desk,
    status() {
      const status = desk.status();
      return { ...status, units: status.units.map((unit) => doubted(unit, witness)) };
    },
    inspect(name) {
      const unit = desk.inspect(name);
      // A listener is served by all instances together: of one alone nothing can be said.
      return unit && (name.includes("@") ? { ...unit, warnings: doubts(unit, witness) } : examined(unit, witness));
    },
  };
}

/** The same object where there is nothing to doubt. */
function doubted(unit: UnitStatus, witness: Witness): UnitStatus {
  const warnings = doubts(unit, witness);
  return warnings.length > 0 ? { ...unit, warnings } : unit;
}

/** What can be told without a walk through /proc: for the list of units. */
function doubts(unit: UnitStatus, witness: Witness): readonly string[] {
  const lost = unit.instances.flatMap((instance) => {
    const lost = instance.phase === "running" ? witness.lostSpeaker(instance.invocation_id) : null;
    if (!lost) return [];
    return [`${instance.name}: ${named(lost)}, which said READY, is gone; pid ${instance.pid} is what is left`];
  });
  return [...lost, ...fileDoubts(unit)];
}

function fileDoubts({ file, changed_on_disk, outdated }: UnitStatus): readonly string[] {
  const older = "it runs with an older definition than the one that is loaded; supervisor config reload tries again";
  return [
    ...(changed_on_disk ? [`${file} has changed on disk; supervisor config diff tells what that means`] : []),
    ...(outdated ? [older] : []),
  ];
}

/** One unit, which has its processes, with who serves its listeners. */
function examined(unit: UnitStatus, witness: Witness): UnitStatus {
  const processes = unit.instances.flatMap((instance) => instance.processes ?? []);
  const pids = processes.map(({ pid }) => pid);
  const testimony = witness.look(unit.name, pids);
  const frozen = processes.filter(({ pid }) => testimony.stopped.includes(pid));
  const found = testimony.sights.flatMap((sight) =>
    suspect({ unit, sight, pids, testimony }).map((text) => `${sight.name} ${sight.address}: ${text}`),
  );
  return {
    ...unit,
    listeners: unit.listeners.map((listener) => withServers(listener, testimony)),
    warnings: [
      ...doubts(unit, witness),
      ...found,
      ...frozen.map((one) => `${named(one)} was stopped by a signal and does nothing until SIGCONT`),
    ],
  };
}

function withServers(listener: ListenerStatus, { sights }: Testimony): ListenerStatus {
  const sight = sights.find(({ name }) => name === listener.name);
  if (!sight) return listener;
  const accepting = sight.holders.filter(({ does }) => does === "accepts");
  return { ...listener, waiting: sight.waiting, served_by: accepting.map(({ pid, command }) => ({ pid, command })) };
}

type Scene = Readonly<{
  unit: UnitStatus;
  sight: Sight;
  pids: readonly number[];
  testimony: Testimony;
}>;

function suspect(scene: Scene): readonly string[] {
  const { unit, sight, pids } = scene;
  const strangers = sight.holders.filter(({ pid, does }) => does === "accepts" && !pids.includes(pid));
  return [
    ...(sight.isGone ? ["the path is not there any more, so that nobody can connect"] : []),
    ...sight.rivals.map(rivalText),
    ...strangers.map((one) => `${named(one)}, which is no process of ${unit.name}, accepts connections on it`),
    ...(isServing(unit) ? unserved(scene) : []),
  ];
}

function rivalText({ address, takes, unit, pid, command }: Rival): string {
  const known = pid === null ? "another process" : named({ pid, command: command ?? "?" });
  const who = unit === null ? known : `unit ${unit}`;
  if (takes) return `${who} listens on ${address} too, and gets connections that are meant for it`;
  return `${who} listens on ${address}, which is what "localhost" may lead to instead`;
}

/** While a handover is on its way, a generation that does not accept is nothing strange. */
function isServing({ active_state, instances }: UnitStatus): boolean {
  return active_state === "active" && instances.some(({ phase }: InstanceStatus) => phase === "running");
}

/** Only what is certain: one that computes, or serves somebody, may accept again. */
function unserved({ unit, sight, pids, testimony }: Scene): readonly string[] {
  const ours = sight.holders.filter(({ pid }) => pids.includes(pid));
  if (ours.some(({ does }) => does !== "idle")) return [];
  const what =
    ours.length === 0
      ? `no process of ${unit.name} has it open, so that none can accept`
      : `no process of ${unit.name} accepts: ${listed(ours)} only ${ours.length === 1 ? "has" : "have"} it open`;
  const others = testimony.elsewhere.map((one) => `${named(one)} listens on ${one.address}`);
  const queue = sight.waiting
    ? [`${sight.waiting} ${sight.waiting === 1 ? "connection waits" : "connections wait"}`]
    : [];
  return [[what, ...others.slice(0, MOST_NAMED), ...queue].join("; ")];
}

function listed(holders: readonly Holder[]): string {
  const names = holders.slice(0, MOST_NAMED).map(named);
  const more = holders.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
}

/** Shape: `bun api.ts (pid 42)`, of `/usr/bin/bun /srv/app/api.ts`: paths are mostly what makes a command line long. */
function named({ pid, command }: Readonly<{ pid: number; command: string }>): string {
  const words = command.split(" ").map((word) => word.slice(word.startsWith("/") ? word.lastIndexOf("/") + 1 : 0));
  const text = words.join(" ");
  const short = text.length > LONGEST_COMMAND ? `${text.slice(0, LONGEST_COMMAND - 1)}…` : text;
  return `${short} (pid ${pid})`;
}
