import type { Argv, ExitStatusSet, Service, Unit } from "../../unit/unit.ts";
import type { SystemdOptions } from "./options.ts";
import { environmentWords, type Template } from "./template.ts";
import { argument, comment, type Entry, limitSpan, namePart, plain, section, socketNames, span, word } from "./text.ts";

/** The first systemd that has RestartSteps= and RestartMaxDelaySec=. */
const HAS_RESTART_STEPS = 254;

/** Names the native service of a unit. Shape: "api" → "api.service". */
export function serviceFilename(unit: string): string {
  return `${namePart(unit)}.service`;
}

/** The names of a unit's own socket units, and of everything of the daemon that must be gone when it runs. */
export type Neighbours = Readonly<{ sockets: readonly string[]; rivals: readonly string[] }>;

/** Writes the native service of a unit, or `null` and a loss when systemd cannot run its program. */
export function nativeService(
  unit: Unit,
  { sockets, rivals }: Neighbours,
  { template, options }: Readonly<{ template: Template; options: SystemdOptions }>,
): string | null {
  const { service } = unit;
  const execStart = commandLine(service, template, options);
  if (execStart === null) return null;
  const commands = (key: string, name: string, lines: readonly Argv[]): readonly Entry[] =>
    lines.map((argv) => [name, template.command(`service.${key}`, argv)] as const);
  return [
    comment([`Unit ${unit.name}, from ${unit.file}. Runs instead of the supervisor, not below it.`]),
    section("Unit", unitEntries(unit, rivals)),
    section("Service", [
      ["Type", service.type],
      ["NotifyAccess", service.type === "notify" ? "all" : null],
      ["WorkingDirectory", optional(template.path("service.working_directory", service.workingDirectory), plain)],
      ["Environment", environmentWords(service.environment, template)],
      ...environmentFiles(service, template),
      ...commands("exec_start_pre", "ExecStartPre", service.execStartPre),
      ["ExecStart", execStart],
      ...commands("exec_start_post", "ExecStartPost", service.execStartPost),
      ...reload(service, commands),
      ...commands("exec_stop", "ExecStop", service.execStop),
      ...commands("exec_stop_post", "ExecStopPost", service.execStopPost),
      ...restart(service, template, options.systemdVersion ?? 252),
      ...lifetime(service),
      ...identity(service, template),
      ...limits(service, template),
      ["Sockets", socketNames(sockets)],
      ["NonBlocking", sockets.length > 0 ? "yes" : null],
    ]),
    section("Install", [["WantedBy", "multi-user.target"]]),
  ].join("\n");
}

/** The runtimes' flags are those that `command.ts` gives. */
function commandLine({ exec }: Service, template: Template, { runtimePaths, self }: SystemdOptions): string | null {
  if (exec.tag === "program") return template.command("service.exec_start", exec.argv);
  const runtime = exec.runtime === "auto" ? self : exec.runtime;
  const program = runtimePaths[runtime];
  if (program === null) template.lose("service.runtime", `left out: ${runtime} is not installed here`);
  const script = template.path("service.script", exec.script);
  if (program === null || script === null) return null;
  const flags = runtime === "deno" ? ["run", "--allow-all", "--no-prompt", "--quiet"] : [];
  return [word(program), ...flags, argument(script), ...template.args("service.args", exec.args)].join(" ");
}

/** requires and wants imply the order, unless the unit itself says the opposite. An order makes systemd stop a rival first. */
function unitEntries(unit: Unit, rivals: readonly string[]): readonly Entry[] {
  const before = new Set(unit.before);
  const after = new Set(
    [...unit.after, ...unit.requires, ...unit.wants, ...unit.bindsTo].filter((name) => !before.has(name)),
  );
  const names = (units: Iterable<string>): string => [...units].map(serviceFilename).join(" ");
  return [
    ["Description", plain(unit.description || unit.name)],
    ["Requires", names(unit.requires)],
    ["Wants", names(unit.wants)],
    ["After", ["network.target", ...rivals, ...[...after].map(serviceFilename)].join(" ")],
    ["Before", names(before)],
    ["BindsTo", names(unit.bindsTo)],
    ["PartOf", names(unit.partOf)],
    ["Conflicts", [...rivals, ...unit.conflicts.map(serviceFilename)].join(" ")],
    ["StartLimitBurst", String(unit.service.startLimitBurst)],
    ["StartLimitIntervalSec", span(unit.service.startLimitIntervalMs)],
  ];
}

function environmentFiles(service: Service, template: Template): readonly Entry[] {
  return service.environmentFiles.map(({ path, optional: mayMiss }) => {
    const found = template.path("service.environment_file", path);
    return ["EnvironmentFile", found === null ? null : `${mayMiss ? "-" : ""}${plain(found)}`];
  });
}

function reload(
  service: Service,
  commands: (key: string, name: string, lines: readonly Argv[]) => readonly Entry[],
): readonly Entry[] {
  if (service.execReload.length > 0) return commands("exec_reload", "ExecReload", service.execReload);
  // Who says what it reads of config/ reads it anew on SIGHUP.
  const isTold = service.reloadMode === "signal" || service.config.length > 0;
  return isTold ? [["ExecReload", "/bin/kill -HUP $MAINPID"]] : [];
}

function restart(service: Service, template: Template, systemdVersion: number): readonly Entry[] {
  const once = service.type === "oneshot" && (service.restart === "always" || service.restart === "on-success");
  if (once) template.lose("service.restart", `written as "no": systemd refuses "${service.restart}" for a oneshot`);
  const stepped = service.restartSteps > 0 && service.restartMaxDelayMs !== Infinity;
  const steps = stepped && systemdVersion >= HAS_RESTART_STEPS;
  if (stepped && !steps) {
    template.lose(
      "service.restart_steps",
      `needs systemd ${HAS_RESTART_STEPS}; the pause between starts stays restart_sec`,
    );
  }
  return [
    ["Restart", once ? "no" : service.restart],
    ["RestartSec", span(service.restartMs)],
    ["RestartSteps", steps ? String(service.restartSteps) : null],
    ["RestartMaxDelaySec", steps ? span(service.restartMaxDelayMs) : null],
    ["SuccessExitStatus", statusSet(service.successExitStatus)],
    ["RestartPreventExitStatus", statusSet(service.restartPreventExitStatus)],
    ["RestartForceExitStatus", statusSet(service.restartForceExitStatus)],
  ];
}

function lifetime(service: Service): readonly Entry[] {
  const bounded = service.runtimeMaxMs > 0 && service.runtimeMaxMs !== Infinity && service.type !== "oneshot";
  return [
    ["TimeoutStartSec", limitSpan(service.timeoutStartMs)],
    ["TimeoutStopSec", limitSpan(service.timeoutStopMs)],
    ["WatchdogSec", service.watchdogMs > 0 ? span(service.watchdogMs) : null],
    ["RuntimeMaxSec", bounded ? span(service.runtimeMaxMs) : null],
    ["KillMode", service.killMode],
    ["KillSignal", service.killSignal],
    ["FinalKillSignal", service.finalKillSignal === "SIGKILL" ? null : service.finalKillSignal],
    ["SendSIGKILL", service.sendSigkill ? null : "no"],
    ["FileDescriptorStoreMax", service.type === "notify" ? String(service.fileDescriptorStoreMax) : null],
  ];
}

function identity(service: Service, template: Template): readonly Entry[] {
  for (const name of Object.keys(service.loadCredentialEncrypted))
    template.lose(`service.load_credential_encrypted.${name}`, ENCRYPTED);
  const credentials = Object.entries(service.loadCredential).map(([id, path]): Entry => {
    const found = template.path(`service.load_credential.${id}`, path);
    return ["LoadCredential", found === null ? null : `${plain(id)}:${plain(found)}`];
  });
  return [
    ["User", plain(service.user)],
    ["Group", plain(service.group)],
    ["SupplementaryGroups", service.supplementaryGroups.map(plain).join(" ")],
    ["UMask", optional(service.umask, (mask) => mask.toString(8).padStart(4, "0"))],
    ["NoNewPrivileges", service.noNewPrivileges ? "yes" : null],
    ...credentials,
  ];
}

const ENCRYPTED =
  "left out: systemd cannot decrypt it; `supervisor creds decrypt`, then `systemd-creds encrypt`, and LoadCredentialEncrypted= in a drop-in";

const LIMITS = new Set(
  "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" "),
);

function limits(service: Service, template: Template): readonly Entry[] {
  const entries = Object.entries(service.limits).map(([name, value]): Entry => {
    if (LIMITS.has(name)) return [`Limit${name.toUpperCase()}`, value === Infinity ? "infinity" : String(value)];
    template.lose(`service.limit_${name}`, "left out: systemd has no such limit");
    return [name, null];
  });
  const finite = (value: number): string | null => (value === Infinity ? null : String(value));
  return [
    ...entries,
    ["Nice", optional(service.nice, String)],
    ["OOMScoreAdjust", optional(service.oomScoreAdjust, String)],
    ["MemoryMax", finite(service.memoryMaxBytes)],
    ["CPUQuota", service.cpuQuotaPercent === Infinity ? null : `${service.cpuQuotaPercent}%`],
    ["TasksMax", finite(service.tasksMax)],
  ];
}

function statusSet({ codes, signals }: ExitStatusSet): string {
  return [...codes.map(String), ...signals].join(" ");
}

function optional<T>(value: T | null, render: (value: T) => string): string | null {
  return value === null ? null : render(value);
}
