/** How a key of systemd is carried over to one of ours. */
export type Carried = Readonly<{
  key: string;
  as: "span" | "count" | "flag" | "text" | "plain" | "size" | "signal" | "statuses" | "limit";
}>;

const as = (kind: Carried["as"], keys: Readonly<Record<string, string>>): readonly (readonly [string, Carried])[] =>
  Object.entries(keys).map(([name, key]) => [name, { key, as: kind }]);

/** Keys of [Service] and [Unit] whose value says here what it said there. Source: systemd.service(5), systemd.exec(5), systemd.kill(5), systemd.resource-control(5). */
export const CARRIED: ReadonlyMap<string, Carried> = new Map([
  ...as("span", {
    RestartSec: "restart_sec",
    RestartMaxDelaySec: "restart_max_delay_sec",
    StartLimitIntervalSec: "start_limit_interval_sec",
    StartLimitInterval: "start_limit_interval_sec",
    TimeoutStartSec: "timeout_start_sec",
    TimeoutStopSec: "timeout_stop_sec",
    WatchdogSec: "watchdog_sec",
    RuntimeMaxSec: "runtime_max_sec",
  }),
  ...as("count", {
    RestartSteps: "restart_steps",
    StartLimitBurst: "start_limit_burst",
    Nice: "nice",
    OOMScoreAdjust: "oom_score_adjust",
    FileDescriptorStoreMax: "file_descriptor_store_max",
  }),
  ...as("flag", { SendSIGKILL: "send_sigkill", NoNewPrivileges: "no_new_privileges" }),
  ...as("text", { User: "user", Group: "group" }),
  ...as("plain", { CPUQuota: "cpu_quota" }),
  ...as("size", { MemoryMax: "memory_max", MemoryLimit: "memory_max", TasksMax: "tasks_max" }),
  ...as("signal", { KillSignal: "kill_signal", FinalKillSignal: "final_kill_signal" }),
  ...as("statuses", {
    SuccessExitStatus: "success_exit_status",
    RestartPreventExitStatus: "restart_prevent_exit_status",
    RestartForceExitStatus: "restart_force_exit_status",
  }),
  ...as(
    "limit",
    Object.fromEntries(
      ["AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NOFILE", "NPROC", "RSS", "RTPRIO"]
        .concat(["RTTIME", "SIGPENDING", "STACK"])
        .map((name) => [`Limit${name}`, `limit_${name.toLowerCase()}`]),
    ),
  ),
]);

/** What a unit has in any case, or what says nothing of the service. */
export const SILENT: ReadonlySet<string> = new Set([
  ...["NotifyAccess", "NonBlocking", "GuessMainPID", "TimeoutStopFailureMode", "SyslogIdentifier", "SyslogLevel"],
  ...["WantedBy", "RequiredBy", "DefaultDependencies", "StartLimitAction", "KillSignalRestart", "MemoryAccounting"],
  ...["CPUAccounting", "TasksAccounting", "IOAccounting", "IgnoreSIGPIPE", "OOMPolicy", "Sockets"],
]);

const SANDBOX =
  "nothing here keeps a service from the rest of the machine but its user; `supervisor generate systemd --per-unit` is the other way";
const FOLDER = "make the folder yourself, or by a command in `exec_start_pre`";
const CONDITION =
  "no condition is asked before a start; a command in `exec_start_pre` that fails keeps it from starting";
const OUTPUT = "what it prints is kept in the state directory: `supervisor logs`, [output]";
const ACTION = "nothing is started when a unit fails; `supervisor events -f --json` tells that it did";
const CAPABILITY = "no capabilities are given; a port below 1024 is the supervisor's to hold: [socket.NAME]";

/** Why a key is lost: by its name, or by how its name begins. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:Protect|Private|Restrict|ReadOnly|ReadWrite|Inaccessible|Bind|System[Cc]all|Lock|MemoryDeny|Dynamic|Device|RootDirectory|RootImage|TemporaryFileSystem|NoExec|Exec(?:Paths)|Remove|Keyring|Delegate|Mount|UMaskX)/,
    SANDBOX,
  ],
  [/^(?:AmbientCap|CapabilityB|SecureBits)/, CAPABILITY],
  [/^(?:Runtime|State|Cache|Logs|Configuration)Directory/, FOLDER],
  [/^(?:Condition|Assert)|^ExecCondition$/, CONDITION],
  [/^Standard|^Log|^TTY|^Syslog/, OUTPUT],
  [/^On(?:Failure|Success)|Action$/, ACTION],
  [/^PIDFile$|^BusName$/, "goes with a type that there is not"],
  [/^(?:Alias|Also)$/, "a unit has one name"],
  [/^(?:Pass|Unset)Environment$/, "set `inherit_environment`, and `environment` for what differs"],
  [/^SetCredential/, "put it in a file, and that into `load_credential`"],
  [
    /^LoadCredentialEncrypted$|^ImportCredential/,
    "encrypted credentials are not carried over: decrypt it, and put the file into `load_credential`",
  ],
  [
    /^(?:Slice|IO|CPU|Memory|Tasks|Block|Startup|Allowed|IP)/,
    "of the resource limits there are memory_max, cpu_quota and tasks_max",
  ],
];

/** Says why nothing in a unit does what a key said. */
export function lossOf(key: string): string {
  return REASONS.find(([pattern]) => pattern.test(key))?.[1] ?? "no key of a unit says it";
}
