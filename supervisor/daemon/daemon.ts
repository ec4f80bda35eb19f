import type { Report } from "../core/effect.ts";
import type { Tick } from "../core/event.ts";
import { runs } from "../core/state.ts";
import { createWorld, type Whom, type World } from "../core/world.ts";
import type { Command } from "../unit/command.ts";
import type { Outcome } from "../unit/fault.ts";
import type { Status } from "../unit/status.ts";
import type { Socket, Unit } from "../unit/unit.ts";
import { createDesk, createSince } from "./desk.ts";
import { type Told, tell, told } from "./happening.ts";
import { createHappenings } from "./happenings.ts";
import { createHear } from "./hear.ts";
import type { Journal } from "./journal.ts";
import { createLoop } from "./loop.ts";
import { createOrders } from "./orders.ts";
import { createPerform } from "./perform.ts";
import type { Clock, Desk, Listeners, Outputs, ProcessEvent, Processes } from "./ports.ts";
import { createSockets } from "./sockets.ts";

/** Everything outside that the daemon lives on. */
export type Ports = Readonly<{
  clock: Clock;
  listeners: Listeners;
  outputs: Outputs;
  /** Makes the process port, given the ear that hears it. */
  processes: (post: (event: ProcessEvent) => void) => Processes;
  dice: () => Readonly<Omit<Tick, "now">>;
  journal: Journal;
  command: (unit: Unit, instance: number) => Outcome<Command>;
  /** A unit's sockets with their placeholders filled in. */
  socketsToBind: (unit: Unit) => Outcome<readonly Socket[]>;
  outputFile: (unit: string) => string;
  /** Called once, when everything is told to stop. */
  shuttingDown: () => void;
}>;

export interface Daemon {
  readonly desk: Desk;
  /** Opens the listeners of every enabled unit, then starts those units. Resolves when each is up or has failed, with their number. */
  boot(): Promise<number>;
  /** Resolves when everything was ordered to stop and has come to rest. */
  readonly stopped: Promise<void>;
  /** Writes to the journal what only the composition knows. */
  note(told: Told): void;
  /** Opens the output files anew, after somebody else has moved them. */
  reopenOutputs(): void;
  /** The end of everything, at once: SIGKILL to every process there is. */
  killAll(): void;
  close(): void;
}

/** Puts the daemon together on the given ports. */
export function createDaemon(units: readonly Unit[], supervisor: Status["supervisor"], ports: Ports): Daemon {
  const { clock, outputs, journal } = ports;
  const happenings = createHappenings();
  const since = createSince(clock);
  const sockets = createSockets(ports.listeners, ports.socketsToBind);
  const ending = Promise.withResolvers<void>();
  let isShuttingDown = false;

  const hear = createHear(outputs, (fact) => loop.post({ tag: "fact", fact }));
  const processes = ports.processes(hear);
  const note = (one: Told, pid: number | null = null): void => {
    const { level: _, text: __, ...fields } = one;
    journal.write(one, pid);
    happenings.add({ ...fields, at: clock.wall().toISOString(), pid });
  };
  const report = (whom: Whom, what: Report): void => note(tell(whom, what), pidOf(loop.world, what));
  const perform = createPerform({
    world: () => loop.world,
    sockets,
    processes,
    outputs,
    command: ports.command,
    answer: hear,
    report,
  });
  const turned = (world: World): void => {
    since.turned(world);
    orders.turned(world);
  };
  const bug = (error: unknown): void => note(told("error", "supervisor.bug", String((error as Error)?.stack ?? error)));
  const loop = createLoop({ world: createWorld(units), clock, dice: ports.dice, perform, turned, bug });
  const orders = createOrders({
    loop: () => loop,
    processes,
    outputs,
    shuttingDown: () => {
      isShuttingDown = true;
      ports.shuttingDown();
    },
  });
  const sources = () => ({ supervisor, world: loop.world, clock, processes, sockets });
  const desk = createDesk({ sources, since, orders, happenings, outputFile: ports.outputFile });

  return {
    desk: {
      ...desk,
      order(order) {
        const given = desk.order(order);
        if (isShuttingDown && given.ok) void given.value.then(() => ending.resolve());
        return given;
      },
    },
    async boot() {
      const enabled = units.filter((unit) => unit.enabled);
      for (const unit of enabled) noteListeners(unit);
      const given = desk.order({ tag: "start", units: enabled.map(({ name }) => name) });
      return given.ok ? (await given.value).length : 0;
    },
    stopped: ending.promise,
    note,
    reopenOutputs: () => outputs.reopen(),
    killAll() {
      for (const { instances } of loop.world.units.values()) {
        for (const run of instances.flatMap(runs)) processes.signal(run.invocation, "SIGKILL", "group");
      }
    },
    close() {
      sockets.closeAll();
      outputs.close();
    },
  };

  function noteListeners(unit: Unit): void {
    const opened = sockets.ensure(unit);
    const faults = opened.ok ? [] : opened.faults;
    for (const fault of faults) note({ ...told("error", "listener.failed", fault.message), unit: unit.name });
  }
}

function pidOf(world: World, report: Report): number | null {
  const invocation = "invocation" in report ? report.invocation : null;
  if (invocation === null) return null;
  const all = [...world.units.values()].flatMap(({ instances }) => instances.flatMap(runs));
  return all.find((run) => run.invocation === invocation)?.pid ?? null;
}
