// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { limitShape } from "../schema/privilege.ts";
import type { sections } from "../schema.ts";

/** A text for each key of the schema: with one too few, or too many, this does not compile. */
type Texts = {
  readonly [Section in keyof typeof sections]: Readonly<Record<keyof (typeof sections)[Section], string>>;
};

const LIMIT =
  "as in setrlimit(2), soft and hard alike: a count, a size (bytes), seconds (`limit_cpu`) or microseconds (`limit_rttime`)";

const limits = Object.fromEntries(Object.keys(limitShape).map((key) => [key, LIMIT])) as Record<
  keyof typeof limitShape,
  string
>;

/**
 * What each key of a unit file means, in inline Markdown: the manual, its man page and editors have it from here. What it takes and its
 * default are the schema's to say. Only what tells of units loads this: no start does.
 */
export const keyTexts: Texts = {
  unit: {
    description: "one line for people; without it the unit's name",
    enabled: "started when the supervisor starts; `false`: only by `supervisor start NAME`",
    requires: "these must be up first; they are started with it, and it stops before they do",
    wants: "these are started with it; it waits while they start, and goes on whatever comes of it",
    after: "order only: starts after these, stops before them",
    before: "order only, the other way: starts before these, stops after them",
    binds_to: "like `requires`, and stops when one of them stops, fails or ends, for whatever reason",
    part_of: "stopped and restarted with these",
    conflicts: "cannot run beside these: a start of one stops the other; of two that conflict only one may be enabled",
  },
  service: {
    type: "`simple` and `exec`: up when the program was started; `notify`: up when it says READY=1; `oneshot`: up when its work is done, that is, when it ended well, and stays so without a process",
    script: "a script below the root, run on `runtime`",
    args: "the script's arguments",
    runtime: "what the script runs on; `auto`: the supervisor's own",
    exec_start: "any program, instead of a script. A name without `/` is looked for in the service's PATH",
    exec_start_pre:
      "commands before the start, one after the other; see [The commands of a unit](#the-commands-of-a-unit)",
    exec_start_post: "commands once it is ready, before it counts as up",
    exec_reload: 'with `reload_mode = "signal"`: commands instead of SIGHUP',
    exec_stop: "commands before `kill_signal`, while the service still runs",
    exec_stop_post: "commands after the end, also after a failure",
    instances: "how many copies; the verb `scale` changes it while it runs",
    working_directory: "where it runs",
    environment:
      'variables; the last word over inherited ones and files. A value may use those before it: `PATH = "%r/bin:${PATH}"`',
    inherit_environment:
      "it gets the supervisor's own, less `LISTEN_*`, `NOTIFY_SOCKET`, `FDSTORE`, `WATCHDOG_*`, `INVOCATION_ID`, `SUPERVISOR_UNIT`, `…_INSTANCE`, `…_GENERATION`, `…_HANDOVER`, `…_DRAIN_MS`, `…_CONFIG`, `…_STATE`, `…_TOKEN`; `false`: PATH and LANG only",
    environment_file: "files of `NAME=value`, as in systemd; a leading `-`: may be missing",
    config:
      'the sections of `config/` that it reads, such as `["api", "queue"]`: a change there is told to its processes by SIGHUP (or `exec_reload`) where the key is live, and is taken by a handover where it is not; see [config-reload.md](config-reload.md#what-takes-effect)',
    load_credential:
      "files, or directories of them, that it finds in `$CREDENTIALS_DIRECTORY` under these names. See [Credentials](#credentials)",
    load_credential_encrypted:
      "the same, for files that `supervisor creds encrypt` has made. See [credentials.md](credentials.md)",
    restart:
      "when it is started again by itself, as in systemd.service(5). Left out: `always`; for a `oneshot` `no`, which can have neither `always` nor `on-success`",
    restart_sec: "pause before a restart",
    restart_steps:
      "in so many restarts the pause grows to `restart_max_delay_sec`, each up to a quarter shorter by chance; 0: does not grow",
    restart_max_delay_sec: "the longest pause; a process that served for so long starts the growth anew",
    start_limit_burst: "after so many starts within the interval the unit is failed; 0: no limit",
    start_limit_interval_sec: "the interval in which `start_limit_burst` counts; 0: no limit",
    success_exit_status: "what is a clean end, besides 0, SIGHUP, SIGINT, SIGTERM, SIGPIPE",
    restart_prevent_exit_status: "after these it is never restarted",
    restart_force_exit_status: "after these it is always restarted; `restart_prevent_exit_status` wins",
    timeout_start_sec:
      "a `notify` service must be ready by then, also in a handover, and a `oneshot` done; 0: no limit. Left out: `30s`; for a `oneshot` no limit",
    timeout_stop_sec:
      "from `kill_signal` to `final_kill_signal`; 0: no limit. A stop that needs it leaves the unit failed, result `timeout`",
    watchdog_sec:
      "ended by SIGABRT when WATCHDOG=1 stays away for so long after READY; WATCHDOG_USEC= changes it; 0: it need not say it. Not for a `oneshot`",
    runtime_max_sec: "ended after so long, counted from READY. Not for a `oneshot`",
    kill_signal: "asks it to stop, and to drain",
    final_kill_signal: "what follows when `timeout_stop_sec` is over",
    send_sigkill: "whether `final_kill_signal` follows; `false`: what does not end is given up",
    kill_mode:
      "whom the signals go to. `control-group`: to the whole process group; `mixed`: to the main process, what is left of its group is killed then; `process`: to the main process only",
    reload_mode: "what `reload` does: `handover`; `signal`: sends SIGHUP; `restart`: stops and starts",
    file_descriptor_store_max:
      "so many descriptors are kept for each instance, see [FDSTORE](#which-processes-are-its-own); 0: none",
    user: "who runs it: a name or a number of /etc/passwd. Sets HOME, USER, LOGNAME, SHELL; it gets every group that lists it. Anybody but the supervisor's own user takes root",
    group: "a name or a number of /etc/group; without it the user's own",
    supplementary_groups: "more of them: names or numbers of /etc/group",
    umask: "the bits that its new files do not get, as in umask(2)",
    nice: "its priority, as in nice(2)",
    oom_score_adjust: "how soon the kernel kills it when memory is short, as in proc(5)",
    ...limits,
    memory_max: "how much memory a process, with all that it forks, may take",
    cpu_quota: "how much CPU time a process, with all that it forks, may take; 100% is one processor",
    tasks_max: "how many processes and threads a process may be, with all that it forks",
    no_new_privileges: "set-user-id programs gain nothing",
  },
  "socket.*": {
    listen_stream: "where it listens for connections: TCP, or a unix socket",
    listen_datagram: "the same for UDP, or a unix datagram socket; exactly one of the two",
    backlog: "the queue's length; the kernel caps it at net.core.somaxconn",
    socket_mode: "of a unix socket: who may connect",
    socket_user: "who owns a unix socket: a name or a number; its group is that user's own. To give it away takes root",
    socket_group: "its group: a name or a number",
    reuse_port: "SO_REUSEPORT",
    free_bind: "IP_FREEBIND",
    no_delay: "TCP_NODELAY",
    keep_alive: "SO_KEEPALIVE",
    defer_accept_sec: "TCP_DEFER_ACCEPT",
    bind_ipv6_only: "whether an IPv6 listener takes IPv4, too; `default`: as net.ipv6.bindv6only says",
  },
  "probe.*": {
    http_get: "a URL; exactly one of `http_get`, `tcp_socket`, `exec` and `listener`",
    tcp_socket: "a connection is a pass",
    exec: "exit code 0 is a pass",
    listener: "the name of one of this unit's sockets, or `private`: asked on a listener that only this process got",
    path: "what to ask the `listener` for; left out: `/`",
    initial_delay: "from READY (or the spawn, or the startup probe's pass) to the first question",
    period: "from question to question",
    timeout: "from the question to its answer, whole",
    failure_threshold: "failures in a row that count",
    success_threshold: "passes in a row that count",
  },
  handover: {
    soak_sec: "how long the new generation must live before the old one is told to drain",
    drain_sec: "how long the drain may take; then the old one is killed, and that is in the journal",
  },
  output: {
    max_size: "a file of this size is rotated; 1K or more",
    max_age: "a file of this age is rotated",
    max_files: "full files that are kept",
    compress: "full files become `UNIT.log.N.gz`",
    timestamps: "the time before each line",
  },
};
