import type { Unit } from "../../unit/unit.ts";
import type { SystemdOptions } from "./options.ts";
import { sandboxEntries } from "./sandbox.ts";
import { argument, comment, type Entry, plain, section, socketNames, span, word } from "./text.ts";

/** The name of the daemon's own service; no unit can have it too. */
export const DAEMON_SERVICE = "supervisor.service";

/** What systemd makes below /var/lib, /run and /var/log for the services; their environment says where. */
const DIRECTORY = "supervisor";

/**
 * Writes `supervisor.service`.
 * Why: Type=notify with ExecReload= and not notify-reload, since a reload that kept the old generation must fail, which no notification can say;
 * OOMPolicy=continue, since one child that runs out of memory is for the daemon to restart and no reason to stop all others;
 * KillMode=process, since services outlive a supervisor that is killed, and the next one goes on with them; Delegate=yes, since the services'
 * groups are made below its own, where systemd would take the controllers of their limits away, and could put no ExecReload= beside them;
 * RuntimeDirectoryPreserve=yes, since services that outlive a crash still use it, also one after which systemd gives up, and one that systemd makes anew
 * would be another; `--make-room`, since it could not put the supervisor itself beside those that have outlived it; NonBlocking=yes, since the descriptors are
 * lent on; 2 and 6 (usage, invalid configuration) do not heal by a restart.
 */
export function daemonService(units: readonly Unit[], sockets: readonly string[], options: SystemdOptions): string {
  const { root, stateDir, execStart, environment, user, isUser } = options;
  const enabled = units.filter((unit) => unit.enabled);
  const call = (...verb: readonly string[]): string => {
    const [program, ...args] = execStart;
    return [word(program), ...[...args, "--root", root, "--state", stateDir, ...verb].map(argument)].join(" ");
  };
  return [
    comment(["The supervisor itself. Written by `supervisor generate systemd`."]),
    section("Unit", [
      ["Description", plain(`supervisor of ${root}`)],
      // A user's systemd knows nothing of the system's targets.
      ["After", isUser === true ? null : "network.target"],
    ]),
    section("Service", [
      ["Type", "notify"],
      ["NotifyAccess", "main"],
      ["ExecStart", call("start")],
      ["ExecReload", call("reload")],
      ["ExecStopPost", `-${call("start", "--make-room")}`],
      ["ExecStopPost", sockets.length > 0 ? closeListeners(sockets, isUser === true) : null],
      ["WorkingDirectory", plain(root)],
      ...["StateDirectory", "RuntimeDirectory", "LogsDirectory"].map((key): Entry => [key, DIRECTORY]),
      ["RuntimeDirectoryPreserve", "yes"],
      [
        "Environment",
        Object.entries(environment ?? {})
          .map((pair) => word(pair.join("=")))
          .join(" "),
      ],
      ["User", plain(user ?? "")],
      ["WatchdogSec", "30s"],
      ["Restart", "always"],
      ["RestartSec", "1s"],
      ["RestartPreventExitStatus", "2 6"],
      ["KillMode", "process"],
      ["TimeoutStartSec", span(sum(enabled, (unit) => unit.service.timeoutStartMs))],
      ["TimeoutStopSec", span(sum(units, (unit) => unit.service.timeoutStopMs))],
      ["OOMPolicy", "continue"],
      ["Delegate", "yes"],
      ...(options.sandbox === true ? sandboxEntries(units, options) : []),
      ["Sockets", socketNames(sockets)],
      ["NonBlocking", sockets.length > 0 ? "yes" : null],
    ]),
    section("Install", [["WantedBy", isUser === true ? "default.target" : "multi-user.target"]]),
  ].join("\n");
}

/**
 * Closes the listeners after a stop, else the next client would start again what was stopped; not after a crash, nor in a restart, for
 * those who wait in their queues. Why like this: whatever else systemd has to stop one unit with another stops it in these cases, too.
 */
function closeListeners(sockets: readonly string[], isUser: boolean): string {
  const systemctl = isUser ? "systemctl --user" : "systemctl";
  const isStop = `${systemctl} list-jobs --no-legend | grep -Eq '[0-9] ${DAEMON_SERVICE} +stop '`;
  const line = `${isStop} && exec ${systemctl} --no-block stop "$@"`;
  // "+": as root, whoever the supervisor is.
  return [`-${isUser ? "" : "+"}/bin/sh`, ...["-c", line, "sh", ...sockets].map(argument)].join(" ");
}

/** What the daemon takes for itself on top of the slowest road through its units, one after the other. Units: milliseconds. */
const OWN_MS = 10_000;

function sum(units: readonly Unit[], timeoutMs: (unit: Unit) => number): number {
  return units.reduce((total, unit) => total + timeoutMs(unit), OWN_MS);
}
