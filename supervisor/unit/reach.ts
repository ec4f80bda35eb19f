import type { sections } from "./schema.ts";
import type { Probe, Service, Socket, Unit } from "./unit.ts";

/**
 * How far a changed key reaches. `live`: it holds from the reload on, no process is touched. `process`: a process has it from
 * its start, so only a new one has the new value. `listener`: the listener has to be opened anew, and a new process gets it. `told`: a process that
 * runs is told, and takes it.
 */
export type Reach = "live" | "process" | "listener" | "told";

/** One key: how far it reaches, and where a unit has it. */
export type Row<T> = Readonly<{ reach: Reach; of: (from: T) => unknown }>;

type Keys<S extends keyof typeof sections> = keyof (typeof sections)[S];
type Table<S extends keyof typeof sections, T> = Readonly<Record<Keys<S>, Row<T>>>;

function live<T>(of: (from: T) => unknown): Row<T> {
  return { reach: "live", of };
}

function spawn<T>(of: (from: T) => unknown): Row<T> {
  return { reach: "process", of };
}

function bind<T>(of: (from: T) => unknown): Row<T> {
  return { reach: "listener", of };
}

const unit: Table<"unit", Unit> = {
  description: live((one) => one.description),
  enabled: live((one) => one.enabled),
  requires: live((one) => one.requires),
  wants: live((one) => one.wants),
  after: live((one) => one.after),
  before: live((one) => one.before),
  binds_to: live((one) => one.bindsTo),
  part_of: live((one) => one.partOf),
  conflicts: live((one) => one.conflicts),
};

const script = ({ exec }: Service) => (exec.tag === "script" ? exec : null);

/** What runs, and in which surroundings. The commands around it are run anew each time; only what comes before it makes its surroundings. */
const program = {
  type: spawn<Service>((one) => one.type),
  script: spawn<Service>((one) => script(one)?.script),
  args: spawn<Service>((one) => script(one)?.args),
  runtime: spawn<Service>((one) => script(one)?.runtime),
  exec_start: spawn<Service>(({ exec }) => (exec.tag === "program" ? exec.argv : null)),
  exec_start_pre: spawn<Service>((one) => one.execStartPre),
  exec_start_post: live<Service>((one) => one.execStartPost),
  exec_reload: live<Service>((one) => one.execReload),
  exec_stop: live<Service>((one) => one.execStop),
  exec_stop_post: live<Service>((one) => one.execStopPost),
  instances: live<Service>((one) => one.instances),
  working_directory: spawn<Service>((one) => one.workingDirectory),
  environment: spawn<Service>((one) => one.environment),
  inherit_environment: spawn<Service>((one) => one.inheritEnvironment),
  environment_file: spawn<Service>((one) => one.environmentFiles),
  config: live<Service>((one) => one.config),
  load_credential: spawn<Service>((one) => one.loadCredential),
  load_credential_encrypted: spawn<Service>((one) => one.loadCredentialEncrypted),
};

/** Its life is ours to lead. Of the watchdog and of the store alone the process was told when it started. */
const lifecycle = {
  restart: live<Service>((one) => one.restart),
  restart_sec: live<Service>((one) => one.restartMs),
  restart_steps: live<Service>((one) => one.restartSteps),
  restart_max_delay_sec: live<Service>((one) => one.restartMaxDelayMs),
  start_limit_burst: live<Service>((one) => one.startLimitBurst),
  start_limit_interval_sec: live<Service>((one) => one.startLimitIntervalMs),
  success_exit_status: live<Service>((one) => one.successExitStatus),
  restart_prevent_exit_status: live<Service>((one) => one.restartPreventExitStatus),
  restart_force_exit_status: live<Service>((one) => one.restartForceExitStatus),
  timeout_start_sec: live<Service>((one) => one.timeoutStartMs),
  timeout_stop_sec: live<Service>((one) => one.timeoutStopMs),
  watchdog_sec: spawn<Service>((one) => one.watchdogMs),
  runtime_max_sec: live<Service>((one) => one.runtimeMaxMs),
  kill_signal: live<Service>((one) => one.killSignal),
  final_kill_signal: live<Service>((one) => one.finalKillSignal),
  send_sigkill: live<Service>((one) => one.sendSigkill),
  kill_mode: live<Service>((one) => one.killMode),
  reload_mode: live<Service>((one) => one.reloadMode),
  file_descriptor_store_max: spawn<Service>((one) => one.fileDescriptorStoreMax),
};

const privilege = {
  user: spawn<Service>((one) => one.user),
  group: spawn<Service>((one) => one.group),
  supplementary_groups: spawn<Service>((one) => one.supplementaryGroups),
  umask: spawn<Service>((one) => one.umask),
  nice: spawn<Service>((one) => one.nice),
  oom_score_adjust: spawn<Service>((one) => one.oomScoreAdjust),
  limit_as: spawn<Service>((one) => one.limits.as),
  limit_core: spawn<Service>((one) => one.limits.core),
  limit_cpu: spawn<Service>((one) => one.limits.cpu),
  limit_data: spawn<Service>((one) => one.limits.data),
  limit_fsize: spawn<Service>((one) => one.limits.fsize),
  limit_locks: spawn<Service>((one) => one.limits.locks),
  limit_memlock: spawn<Service>((one) => one.limits.memlock),
  limit_msgqueue: spawn<Service>((one) => one.limits.msgqueue),
  limit_nice: spawn<Service>((one) => one.limits.nice),
  limit_nofile: spawn<Service>((one) => one.limits.nofile),
  limit_nproc: spawn<Service>((one) => one.limits.nproc),
  limit_rss: spawn<Service>((one) => one.limits.rss),
  limit_rtprio: spawn<Service>((one) => one.limits.rtprio),
  limit_rttime: spawn<Service>((one) => one.limits.rttime),
  limit_sigpending: spawn<Service>((one) => one.limits.sigpending),
  limit_stack: spawn<Service>((one) => one.limits.stack),
  memory_max: spawn<Service>((one) => one.memoryMaxBytes),
  cpu_quota: spawn<Service>((one) => one.cpuQuotaPercent),
  tasks_max: spawn<Service>((one) => one.tasksMax),
  no_new_privileges: spawn<Service>((one) => one.noNewPrivileges),
};

const service: Table<"service", Service> = { ...program, ...lifecycle, ...privilege };

const socket: Table<"socket.*", Socket> = {
  listen_stream: bind(({ kind, address }) => (kind === "stream" ? address : null)),
  listen_datagram: bind(({ kind, address }) => (kind === "datagram" ? address : null)),
  backlog: live((one) => one.backlog),
  socket_mode: bind((one) => one.socketMode),
  socket_user: bind((one) => one.socketUser),
  socket_group: bind((one) => one.socketGroup),
  reuse_port: bind((one) => one.reusePort),
  free_bind: bind((one) => one.freeBind),
  no_delay: bind((one) => one.noDelay),
  keep_alive: bind((one) => one.keepAlive),
  defer_accept_sec: bind((one) => one.deferAcceptMs),
  bind_ipv6_only: bind((one) => one.bindIpv6Only),
};

const asked = <Tag extends Probe["ask"]["tag"]>({ ask }: Probe, tag: Tag) =>
  ask.tag === tag ? (ask as Extract<Probe["ask"], { tag: Tag }>) : null;

const probe: Table<"probe.*", Probe> = {
  http_get: live((one) => asked(one, "http")),
  tcp_socket: live((one) => asked(one, "tcp")),
  exec: live((one) => asked(one, "exec")),
  listener: live((one) => asked(one, "listener")?.listener),
  path: live((one) => asked(one, "listener")?.path),
  initial_delay: live((one) => one.initialDelayMs),
  period: live((one) => one.periodMs),
  timeout: live((one) => one.timeoutMs),
  failure_threshold: live((one) => one.failureThreshold),
  success_threshold: live((one) => one.successThreshold),
};

const handover: Table<"handover", Unit> = {
  soak_sec: live((one) => one.handover.soakMs),
  drain_sec: live((one) => one.handover.drainMs),
};

/** A stream is stamped or not from its first byte on; the file's limits are ours. */
const output: Table<"output", Unit> = {
  max_size: live((one) => one.output.maxSizeBytes),
  max_age: live((one) => one.output.maxAgeMs),
  max_files: live((one) => one.output.maxFiles),
  compress: live((one) => one.output.compress),
  timestamps: spawn((one) => one.output.timestamps),
};

/**
 * Every key that a unit file may have, by section, as in `schema.ts`.
 * Why: a key that is added there does not compile until it is said here what a change of it means.
 */
export const reaches = { unit, service, "socket.*": socket, "probe.*": probe, handover, output };
