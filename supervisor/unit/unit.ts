/**
 * What a unit is, after its file has been read and found valid: every key has a value, every span is a number.
 *
 * Units: all spans are milliseconds (`Infinity` for "infinity"), all sizes are bytes.
 * Strings may still hold specifiers (`%i`) and placeholders (`${VAR}`); `command.ts` expands them per instance.
 * Source: the contract's unit file; systemd.unit(5), systemd.service(5), systemd.socket(5) for the meaning of each name.
 */
export type Unit = Readonly<{
  /** `api`, from `units/api.toml`. */
  name: string;
  /** The path as given to the reader, for messages. */
  file: string;
  /** The release that it runs from: `%r` is that one's tree. Null: it runs from the root itself, or has nothing from there. */
  release: string | null;
  description: string;
  enabled: boolean;
  requires: readonly string[];
  wants: readonly string[];
  after: readonly string[];
  before: readonly string[];
  bindsTo: readonly string[];
  partOf: readonly string[];
  conflicts: readonly string[];
  service: Service;
  /** In file order: the order of the passed descriptors. */
  sockets: readonly Socket[];
  probes: Readonly<Partial<Record<ProbeKind, Probe>>>;
  handover: Readonly<{ soakMs: number; drainMs: number }>;
  output: Readonly<{
    maxSizeBytes: number;
    maxAgeMs: number;
    maxFiles: number;
    compress: boolean;
    timestamps: boolean;
  }>;
}>;

export type RestartPolicy = "no" | "on-success" | "on-failure" | "on-abnormal" | "on-watchdog" | "on-abort" | "always";

export type ServiceType = "simple" | "exec" | "notify" | "oneshot";

export type Runtime = "auto" | "bun" | "deno" | "node";

/** Exit codes and signal names, as in `success_exit_status = [0, 143, "SIGUSR1"]`. */
export type ExitStatusSet = Readonly<{ codes: readonly number[]; signals: readonly SignalName[] }>;

/** Shape: `SIGTERM`. Always with the prefix. */
export type SignalName = `SIG${string}`;

/** One command line: the program, then its arguments. */
export type Argv = readonly [string, ...string[]];

export type Service = Readonly<{
  type: ServiceType;
  /** What runs: a script on a runtime, or a program of its own. */
  exec: Readonly<
    { tag: "script"; script: string; args: readonly string[]; runtime: Runtime } | { tag: "program"; argv: Argv }
  >;
  execStartPre: readonly Argv[];
  execStartPost: readonly Argv[];
  execReload: readonly Argv[];
  execStop: readonly Argv[];
  execStopPost: readonly Argv[];
  instances: number;
  restart: RestartPolicy;
  restartMs: number;
  restartSteps: number;
  restartMaxDelayMs: number;
  startLimitBurst: number;
  startLimitIntervalMs: number;
  successExitStatus: ExitStatusSet;
  restartPreventExitStatus: ExitStatusSet;
  restartForceExitStatus: ExitStatusSet;
  timeoutStartMs: number;
  timeoutStopMs: number;
  watchdogMs: number;
  runtimeMaxMs: number;
  killSignal: SignalName;
  finalKillSignal: SignalName;
  sendSigkill: boolean;
  killMode: "control-group" | "mixed" | "process";
  reloadMode: "handover" | "signal" | "restart";
  /** So many descriptors are kept for each instance (FDSTORE=). */
  fileDescriptorStoreMax: number;
  workingDirectory: string;
  environment: Readonly<Record<string, string>>;
  inheritEnvironment: boolean;
  /** `optional`: written with a leading "-", the file may be missing. */
  environmentFiles: readonly Readonly<{ path: string; optional: boolean }>[];
  /** The sections of `config/` that its processes read. */
  config: readonly string[];
  /** What those say, by key; filled in by whoever has read `config/`, too. */
  settings: ReadSettings;
  loadCredential: Readonly<Record<string, string>>;
  loadCredentialEncrypted: Readonly<Record<string, string>>;
  user: string;
  group: string;
  supplementaryGroups: readonly string[];
  umask: number | null;
  nice: number | null;
  oomScoreAdjust: number | null;
  /** Shape: `{ nofile: 65536 }`, by the name after `limit_`. `Infinity`: unlimited. */
  limits: Readonly<Record<string, number>>;
  memoryMaxBytes: number;
  /** Percent of one processor. `Infinity`: no quota. */
  cpuQuotaPercent: number;
  tasksMax: number;
  noNewPrivileges: boolean;
}>;

/**
 * What a service reads of `config/`. `mark`: differs when the value does, and says no more of it. `live`: a process that runs takes a change.
 * Shape: `{ "api.port": { mark: "n4bQ…", live: false } }`.
 */
export type ReadSettings = Readonly<Record<string, Readonly<{ mark: string; live: boolean }>>>;

/** Where a listener is bound. Shape: `{ tag: "tcp", host: "::1", port: 8080 }`; an empty host means every address. */
export type Address = Readonly<{ tag: "tcp"; host: string; port: number } | { tag: "unix"; path: string }>;

/** An address that is known once its specifiers and placeholders are filled in. Shape: `127.0.0.1:${PORT}`. */
export type AddressTemplate = Readonly<{ tag: "template"; text: string }>;

/** A socket whose address is known. */
export type BindableSocket = Socket & Readonly<{ address: Address }>;

export type Socket = Readonly<{
  /** `http`, from `[socket.http]`; the name in LISTEN_FDNAMES. */
  name: string;
  kind: "stream" | "datagram";
  address: Address | AddressTemplate;
  backlog: number;
  socketMode: number;
  socketUser: string;
  socketGroup: string;
  reusePort: boolean;
  freeBind: boolean;
  noDelay: boolean;
  keepAlive: boolean;
  deferAcceptMs: number;
  bindIpv6Only: "default" | "both" | "ipv6-only";
}>;

export type ProbeKind = "startup" | "readiness" | "liveness";

export type Probe = Readonly<{
  ask: Readonly<
    | { tag: "http"; url: string }
    | { tag: "tcp"; host: string; port: number }
    | { tag: "exec"; argv: Argv }
    | { tag: "listener"; listener: string; path: string }
  >;
  initialDelayMs: number;
  periodMs: number;
  timeoutMs: number;
  failureThreshold: number;
  successThreshold: number;
}>;
