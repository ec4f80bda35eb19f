import { parseUnit } from "../../unit/parse.ts";
import { isSame } from "../../unit/same.ts";
import type { Socket, Unit } from "../../unit/unit.ts";
import type { Lose } from "../loss.ts";

/** A key that has no place in the files, what a unit says there, and why it is lost. */
export type LostKey<T = Unit> = readonly [key: string, told: (from: T) => unknown, why: string];

/** Reports each of the keys in which a unit says more than the default. */
export function loseKeys(unit: Unit, keys: readonly LostKey[], lose: Lose): void {
  if (unit.service.inheritEnvironment)
    lose("service.inherit_environment", "a container has the environment of its image, and what stands in the files");
  for (const [key, told, why] of keys) if (!isSame(told(unit), told(SILENT))) lose(key, why);
}

/** The same for the listeners, of which a container has the port alone. */
export function loseSockets(unit: Unit, lose: Lose): void {
  const [silent] = SILENT.sockets;
  if (silent === undefined) return;
  for (const socket of unit.sockets) {
    for (const [key, told] of OF_SOCKETS)
      if (!isSame(told(socket), told(silent)))
        lose(`socket.${socket.name}.${key}`, "the program binds its port itself");
  }
}

/** Whoever is in a container of its own has no supervisor: what only that does is lost, whatever runs the container. */
export const LOST_IN_CONTAINERS: readonly LostKey[] = [
  ["unit.binds_to", ({ bindsTo }) => bindsTo, "nobody stops a container because another one ends"],
  ["unit.part_of", ({ partOf }) => partOf, "a restart of another container is none of this one"],
  ["unit.conflicts", ({ conflicts }) => conflicts, "both may run: do not deploy both"],
  [
    "service.type",
    ({ service }) => service.type === "notify",
    "nobody hears READY=1: a readiness probe says when it is ready",
  ],
  ["service.exec_start_post", ({ service }) => service.execStartPost, "there is no command after readiness"],
  ["service.exec_reload", ({ service }) => service.execReload, "a change is a new container"],
  ["service.exec_stop", ({ service }) => service.execStop, "the container is stopped by its signal alone"],
  ["service.exec_stop_post", ({ service }) => service.execStopPost, "there is no command after the end"],
  ["service.restart_sec", ({ service }) => service.restartMs, "the pause between starts is not ours to say"],
  ["service.restart_steps", ({ service }) => service.restartSteps, "the pause between starts is not ours to say"],
  [
    "service.restart_max_delay_sec",
    ({ service }) => service.restartMaxDelayMs,
    "the pause between starts is not ours to say",
  ],
  [
    "service.start_limit_burst",
    ({ service }) => service.startLimitBurst,
    "there is no start limit, only longer pauses",
  ],
  [
    "service.start_limit_interval_sec",
    ({ service }) => service.startLimitIntervalMs,
    "there is no start limit, only longer pauses",
  ],
  ["service.success_exit_status", ({ service }) => service.successExitStatus, "only 0 is success"],
  [
    "service.restart_prevent_exit_status",
    ({ service }) => service.restartPreventExitStatus,
    "exit codes do not decide",
  ],
  ["service.restart_force_exit_status", ({ service }) => service.restartForceExitStatus, "exit codes do not decide"],
  [
    "service.watchdog_sec",
    ({ service }) => service.watchdogMs,
    "nobody listens for WATCHDOG=1: a liveness probe asks instead",
  ],
  ["service.runtime_max_sec", ({ service }) => service.runtimeMaxMs, "a container may run for ever"],
  ["service.final_kill_signal", ({ service }) => service.finalKillSignal, "it is SIGKILL"],
  ["service.send_sigkill", ({ service }) => service.sendSigkill, "SIGKILL comes when the grace period is over"],
  ["service.kill_mode", ({ service }) => service.killMode, "the signal goes to process 1, SIGKILL to all"],
  [
    "service.config",
    ({ service }) => service.config,
    "nobody tells it of a change of config/: it reads that when it starts",
  ],
  ["service.file_descriptor_store_max", ({ service }) => service.fileDescriptorStoreMax, "nobody keeps descriptors"],
  ["service.umask", ({ service }) => service.umask, "it is the image's"],
  ["service.nice", ({ service }) => service.nice, "shares of CPU decide"],
  ["output.max_size", ({ output }) => output.maxSizeBytes, "output goes to stdout, and its files are the runtime's"],
  ["output.max_age", ({ output }) => output.maxAgeMs, "output goes to stdout, and its files are the runtime's"],
  ["output.max_files", ({ output }) => output.maxFiles, "output goes to stdout, and its files are the runtime's"],
  ["output.compress", ({ output }) => output.compress, "output goes to stdout, and its files are the runtime's"],
  ["output.timestamps", ({ output }) => output.timestamps, "output goes to stdout, and its files are the runtime's"],
];

const OF_SOCKETS: readonly (readonly [string, (socket: Socket) => unknown])[] = [
  ["backlog", ({ backlog }) => backlog],
  ["socket_mode", ({ socketMode }) => socketMode],
  ["socket_user", ({ socketUser }) => socketUser],
  ["socket_group", ({ socketGroup }) => socketGroup],
  ["reuse_port", ({ reusePort }) => reusePort],
  ["free_bind", ({ freeBind }) => freeBind],
  ["no_delay", ({ noDelay }) => noDelay],
  ["keep_alive", ({ keepAlive }) => keepAlive],
  ["defer_accept_sec", ({ deferAcceptMs }) => deferAcceptMs],
  ["bind_ipv6_only", ({ bindIpv6Only }) => bindIpv6Only],
];

/** A unit that says nothing but what it must. */
const SILENT = silentUnit();

function silentUnit(): Unit {
  const text = '[service]\nexec_start = ["x"]\n[socket.x]\nlisten_stream = 1\n';
  const read = parseUnit("silent", "silent.toml", text);
  if (!read.ok) throw new Error("the smallest unit is not valid");
  return read.value;
}
