import type { Socket, Unit } from "../../supervisor/unit/unit.ts";

/** A unit with a value in every key, and the characters that are special to systemd in most of them. */
export function richUnit(change: Partial<Unit> = {}, service: Partial<Unit["service"]> = {}): Unit {
  return {
    name: "api",
    file: "units/api.toml",
    release: null,
    description: 'HTTP "API", 100% of $HOME\\',
    enabled: true,
    requires: ["redis"],
    wants: ["metrics"],
    after: ["dns"],
    before: ["metrics"],
    bindsTo: [],
    partOf: [],
    conflicts: ["old-api"],
    service: { ...SERVICE, ...service },
    sockets: [tcpSocket(), unixSocket()],
    probes: { liveness: PROBE },
    handover: { soakMs: 1000, drainMs: 30_000 },
    output: { maxSizeBytes: 10_485_760, maxAgeMs: Infinity, maxFiles: 5, compress: false, timestamps: false },
    ...change,
  };
}

export function tcpSocket(change: Partial<Socket> = {}): Socket {
  return {
    name: "http",
    kind: "stream",
    address: { tag: "tcp", host: "::1", port: 8080 },
    backlog: 4096,
    socketMode: 0o666,
    socketUser: "",
    socketGroup: "",
    reusePort: true,
    freeBind: true,
    noDelay: true,
    keepAlive: true,
    deferAcceptMs: 1500,
    bindIpv6Only: "ipv6-only",
    ...change,
  };
}

export function unixSocket(): Socket {
  return tcpSocket({
    name: "admin",
    address: { tag: "unix", path: "%t/./x/../admin 1.sock" },
    socketMode: 0o660,
    socketUser: "root",
    socketGroup: "daemon",
  });
}

const PROBE = {
  ask: { tag: "listener", listener: "http", path: "/readyz" },
  initialDelayMs: 0,
  periodMs: 10_000,
  timeoutMs: 1000,
  failureThreshold: 3,
  successThreshold: 1,
} as const;

const SERVICE: Unit["service"] = {
  type: "notify",
  exec: {
    tag: "program",
    argv: [
      "/bin/sh",
      "-c",
      `echo "$HOME" '\${PORT}' 100%% ; printf "a\\nb"\n`,
      `--port=\${PORT}`,
      `\${AWAY}`,
      `\${HOST:-::1}`,
      ";",
      "",
    ],
  },
  execStartPre: [["/bin/true", "%n", "%i", "%r", "%t"]],
  execStartPost: [["/bin/true"]],
  execReload: [["/bin/kill", "-HUP", `\${MAINPID}`]],
  execStop: [["/bin/true"]],
  execStopPost: [["/bin/true"]],
  instances: 1,
  restart: "on-failure",
  restartMs: 100,
  restartSteps: 4,
  restartMaxDelayMs: 30_000,
  startLimitBurst: 5,
  startLimitIntervalMs: 10_000,
  successExitStatus: { codes: [0, 143], signals: ["SIGUSR1"] },
  restartPreventExitStatus: { codes: [78], signals: [] },
  restartForceExitStatus: { codes: [], signals: ["SIGPIPE"] },
  timeoutStartMs: 30_000,
  timeoutStopMs: Infinity,
  watchdogMs: 2500,
  runtimeMaxMs: 86_400_000,
  killSignal: "SIGINT",
  finalKillSignal: "SIGABRT",
  sendSigkill: false,
  killMode: "mixed",
  reloadMode: "handover",
  fileDescriptorStoreMax: 8,
  workingDirectory: "%r/work dir",
  environment: { PORT: "8080", MOTTO: 'a "b" \\ 100%% $x\n\t', FROM_ABROAD: `\${ABROAD}`, EMPTY: "" },
  inheritEnvironment: true,
  environmentFiles: [{ path: "-odd.env", optional: true }],
  config: [],
  settings: {},
  loadCredential: { db: "keys/db" },
  loadCredentialEncrypted: { tls: "/etc/keys/tls" },
  user: "daemon",
  group: "daemon",
  supplementaryGroups: ["adm", "tty"],
  umask: 0o027,
  nice: -5,
  oomScoreAdjust: 100,
  limits: { nofile: 65_536, core: Infinity, unheard: 1 },
  memoryMaxBytes: 536_870_912,
  cpuQuotaPercent: 150,
  tasksMax: 64,
  noNewPrivileges: true,
};
