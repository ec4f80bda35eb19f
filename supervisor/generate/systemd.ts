import type { Unit } from "../unit/unit.ts";
import type { Generated } from "./generated.ts";
import type { Loss } from "./loss.ts";
import { DAEMON_SERVICE, daemonService } from "./systemd/daemon.ts";
import { type Receiver, socketUnit } from "./systemd/listener.ts";
import type { SystemdOptions } from "./systemd/options.ts";
import { nativeService, serviceFilename } from "./systemd/service.ts";
import { createTemplate } from "./systemd/template.ts";
import { comment } from "./systemd/text.ts";

/**
 * Writes systemd unit files: the supervisor's own with a socket unit for each listener and, when asked, native ones for every unit.
 * Shape: `supervisor.service`, `supervisor-api-http.socket` (descriptor `api.http`); `api.service`, `api-http.socket` (descriptor `http`).
 * Source: systemd.service(5), systemd.socket(5). Why: the two kinds conflict with each other, for both would bind the same addresses.
 */
export function generateSystemd(units: readonly Unit[], options: SystemdOptions): Generated {
  const files = new Map<string, string>();
  const losses: Loss[] = [];
  const rivals = new Map<string, string>();
  for (const unit of units.filter((each) => each.enabled)) {
    const own: Loss[] = [];
    const added = addSockets(unit, options, { files, losses: own, receiver: daemonReceiver(unit) });
    for (const [socket, filename] of added) rivals.set(`${unit.name}.${socket}`, filename);
    losses.push(
      ...own.map((loss) => ({ ...loss, why: loss.why.replace("left out:", "bound by the supervisor itself:") })),
    );
  }
  files.set(DAEMON_SERVICE, headed(losses, daemonService(units, [...rivals.values()], options)));
  if (options.perUnit) for (const unit of units) losses.push(...addNative(unit, options, { files, rivals }));
  return { files, losses };
}

type Target = Readonly<{ files: Map<string, string>; losses: Loss[]; receiver: (socket: string) => Receiver }>;

/** Adds the socket units and answers with their names, by listener. */
function addSockets(
  unit: Unit,
  options: SystemdOptions,
  { files, losses, receiver }: Target,
): ReadonlyMap<string, string> {
  const template = createTemplate(unit, options, losses);
  const names = new Map<string, string>();
  for (const socket of unit.sockets) {
    const file = socketUnit({ unit, socket, template }, receiver(socket.name), new Set(files.keys()));
    if (file === null) continue;
    files.set(file.filename, file.text);
    names.set(socket.name, file.filename);
  }
  return names;
}

/** What is written already, and the daemon's socket units by UNIT.LISTENER. */
type Written = Readonly<{ files: Map<string, string>; rivals: ReadonlyMap<string, string> }>;

function addNative(unit: Unit, options: SystemdOptions, { files, rivals }: Written): readonly Loss[] {
  const filename = serviceFilename(unit.name);
  const losses: Loss[] = [];
  const template = createTemplate(unit, options, losses);
  if (filename === DAEMON_SERVICE) {
    template.lose("unit", "not written: the supervisor's own service has this name");
    return losses;
  }
  const sockets = addSockets(unit, options, { files, losses, receiver: nativeReceiver(unit, rivals) });
  const own = unit.sockets.flatMap(({ name }) => rivals.get(`${unit.name}.${name}`) ?? []);
  const neighbours = { sockets: [...sockets.values()], rivals: [DAEMON_SERVICE, ...own] };
  const text = nativeService(unit, neighbours, { template, options });
  if (text === null) {
    for (const socket of sockets.values()) files.delete(socket);
    template.lose("unit", "not written: systemd cannot run its program");
    return losses;
  }
  loseHabits(unit, template.lose);
  files.set(filename, headed(losses, text));
  return losses;
}

/** What the supervisor does and systemd has no word for. */
function loseHabits({ probes, service, sockets }: Unit, lose: (key: string, why: string) => void): void {
  for (const probe of Object.keys(probes)) lose(`probe.${probe}`, "systemd asks no probes");
  if (service.instances > 1) lose("service.instances", `one process instead of ${service.instances}`);
  if (service.reloadMode === "handover" && sockets.length > 0) {
    lose("handover", "systemd has none: `systemctl restart` stops, then starts, while clients wait in the backlog");
  }
  if (service.inheritEnvironment) lose("service.inherit_environment", "systemd gives a clean environment");
  lose("output", "output goes to the systemd journal, which has limits of its own");
}

/** The daemon takes a passed listener by the name UNIT.LISTENER. */
function daemonReceiver(unit: Unit): (socket: string) => Receiver {
  return (socket) => ({
    prefix: "supervisor-",
    service: DAEMON_SERVICE,
    descriptor: `${unit.name}.${socket}`,
    rivals: [],
  });
}

/** A service finds its listener by the listener's own name, as below the supervisor. */
function nativeReceiver(unit: Unit, rivals: ReadonlyMap<string, string>): (socket: string) => Receiver {
  return (socket) => ({
    prefix: "",
    service: serviceFilename(unit.name),
    descriptor: socket,
    rivals: [DAEMON_SERVICE, rivals.get(`${unit.name}.${socket}`)].filter((name) => name !== undefined),
  });
}

function headed(losses: readonly Loss[], text: string): string {
  if (losses.length === 0) return text;
  return comment(["Not carried over:", ...losses.map(({ unit, key, why }) => `  ${unit}: ${key}: ${why}`)]) + text;
}
