import { stringify } from "smol-toml";
import { generateCompose } from "../../supervisor/generate/compose.ts";
import { generateDocker } from "../../supervisor/generate/docker.ts";
import type { Generated } from "../../supervisor/generate/generated.ts";
import { generateKubernetes } from "../../supervisor/generate/kubernetes.ts";
import type { SystemdOptions } from "../../supervisor/generate/systemd/options.ts";
import { generateSystemd } from "../../supervisor/generate/systemd.ts";
import { sections } from "../../supervisor/unit/schema.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { OPTIONS } from "./container-options.ts";
import { unitOf } from "./manifests.ts";

type Table = Readonly<Record<string, unknown>>;

/** A value for each key that is not its default. */
export const VALUES: Readonly<Record<string, Table>> = {
  unit: {
    ...{
      description: "other",
      enabled: false,
      requires: ["redis"],
      wants: ["redis"],
      after: ["redis"],
      before: ["redis"],
    },
    ...{ binds_to: ["redis"], part_of: ["redis"], conflicts: ["redis"] },
  },
  service: {
    ...{ type: "oneshot", script: "b.ts", args: ["x"], runtime: "deno", exec_start: ["nginx"], instances: 3 },
    ...{
      exec_start_pre: [["a"]],
      exec_start_post: [["a"]],
      exec_reload: [["a"]],
      exec_stop: [["a"]],
      exec_stop_post: [["a"]],
    },
    ...{
      working_directory: "/other",
      environment: { A: "1" },
      inherit_environment: false,
      environment_file: ["a.env"],
    },
    config: ["api"],
    ...{ load_credential: { a: "/a" }, load_credential_encrypted: { a: "/a" } },
    ...{ restart: "no", restart_sec: "3s", restart_steps: 3, restart_max_delay_sec: "9s", start_limit_burst: 9 },
    ...{ start_limit_interval_sec: "9s", success_exit_status: [9], restart_prevent_exit_status: [9] },
    ...{ restart_force_exit_status: [9], timeout_start_sec: "9s", timeout_stop_sec: "9s", watchdog_sec: "9s" },
    ...{ runtime_max_sec: "9s", kill_signal: "SIGINT", final_kill_signal: "SIGABRT", send_sigkill: false },
    ...{ kill_mode: "process", reload_mode: "restart", file_descriptor_store_max: 9 },
    ...{ user: "9", group: "9", supplementary_groups: ["9"], umask: "0077", nice: 9, oom_score_adjust: 9 },
    ...{ memory_max: "9M", cpu_quota: "9%", tasks_max: 9, no_new_privileges: true },
    ...Object.fromEntries(
      Object.keys(sections.service)
        .filter((key) => key.startsWith("limit_"))
        .map((key) => [key, 9]),
    ),
  },
  "socket.*": {
    ...{
      listen_stream: "9090",
      listen_datagram: "9090",
      backlog: 9,
      socket_mode: "0600",
      socket_user: "a",
      socket_group: "a",
    },
    ...{
      reuse_port: true,
      free_bind: true,
      no_delay: true,
      keep_alive: true,
      defer_accept_sec: "9s",
      bind_ipv6_only: "both",
    },
  },
  "probe.*": {
    ...{
      http_get: "http://127.0.0.1:8080/x",
      tcp_socket: "127.0.0.1:8080",
      exec: ["a"],
      listener: "private",
      path: "/other",
    },
    ...{ initial_delay: "9s", period: "9s", timeout: "9s", failure_threshold: 9, success_threshold: 9 },
  },
  handover: { soak_sec: "9s", drain_sec: "9s" },
  output: { max_size: "9M", max_age: "9s", max_files: 9, compress: true, timestamps: true },
};

const BASE = {
  service: { script: "a.ts", args: [] as readonly string[] },
  socket: { http: { listen_stream: "8080" } },
  probe: { readiness: { listener: "http", path: "/" } },
};

const UNIX = { listen_stream: "/run/web.sock" };

/** What stands in the way of a key, and what it needs beside it. */
const BESIDE: Readonly<Record<string, Table>> = {
  "service.exec_start": { script: undefined, args: undefined },
  "service.exec_reload": { reload_mode: "signal" },
  "service.timeout_stop_sec": { reload_mode: "restart" },
  "service.restart_max_delay_sec": { restart_steps: 3 },
  "service.file_descriptor_store_max": { type: "notify" },
  "socket.*.socket_mode": UNIX,
  "socket.*.socket_user": UNIX,
  "socket.*.socket_group": UNIX,
  "socket.*.listen_datagram": { listen_stream: undefined },
  "probe.*.http_get": { listener: undefined, path: undefined },
  "probe.*.tcp_socket": { listener: undefined, path: undefined },
  "probe.*.exec": { listener: undefined, path: undefined },
};

function unitWith(section: string, change: Table): Unit {
  const { service, socket, probe } = BASE;
  const document = {
    unit: section === "unit" ? change : {},
    service: section === "service" ? { ...service, ...change } : service,
    socket: { http: section === "socket.*" ? { ...socket.http, ...change } : socket.http },
    probe: { readiness: section === "probe.*" ? { ...probe.readiness, ...change } : probe.readiness },
    ...(section === "handover" || section === "output" ? { [section]: change } : {}),
  };
  return unitOf("web", stringify(JSON.parse(JSON.stringify(document))));
}

const IMAGES = {
  ...OPTIONS,
  runtimes: ["bun"] as const,
  versions: { bun: "1", deno: "2", node: "24" },
  install: "npm" as const,
  program: "supervisor/bin.sh",
};

const SYSTEMD: SystemdOptions = {
  ...{ root: "/srv", stateDir: "/srv/.supervisor", execStart: ["/bin/supervisor"], self: "bun", perUnit: true },
  ...{ runtimePaths: { bun: "/bin/bun", deno: "/bin/deno", node: "/bin/node" }, systemdVersion: 254 },
};

export type Generate = (units: readonly Unit[]) => Generated;

export const kinds: readonly (readonly [string, Generate])[] = [
  ["kubernetes", (units) => generateKubernetes(units, OPTIONS)],
  ["compose", (units) => generateCompose(units, { ...IMAGES, context: ".", folder: "" })],
  ["docker", (units) => generateDocker(units, IMAGES)],
  ["systemd", (units) => generateSystemd(units, SYSTEMD)],
];

/** What is written, without what is told at the head of it. */
const body = ({ files }: Generated) => [...files].map(([name, text]) => [name, text.replaceAll(/^#.*\n/gm, "")]);

/** Whom the others name. */
const REDIS = unitOf("redis", '[service]\nscript = "redis.ts"\n');

/** What became of a key. `isTold`: it is among what was lost. */
export type Fate = Readonly<{ isWritten: boolean; isTold: boolean }>;

/** Generates once without a key and once with it, and compares. */
export function fateOf(generate: Generate, section: string, key: string): Fate {
  const name = `${section}.${key}`;
  const beside = BESIDE[name] ?? {};
  const isReplaced = Object.values(beside).includes(undefined);
  const before = generate([unitWith(section, isReplaced ? {} : beside), REDIS]);
  const after = generate([unitWith(section, { ...beside, [key]: VALUES[section]?.[key] }), REDIS]);
  const isWritten = JSON.stringify(body(after)) !== JSON.stringify(body(before)) || isTrueAnyway(name, body(after));
  const isTold = [...before.losses, ...after.losses].some(
    (loss) => loss.unit === "web" && isOf(loss.key, section, key),
  );
  return { isWritten, isTold };
}

/** Shape: `service.load_credential.db` or `service.load_credential`; `socket.http.backlog` or `socket.http` for `socket.*.backlog`; `service.limit_*` for `service.limit_nofile`. */
function isOf(loss: string, section: string, key: string): boolean {
  const at = section.replace("socket.*", "socket.http").replace("probe.*", "probe.readiness");
  if (loss === `${at}.${key}` || loss.startsWith(`${at}.${key}.`) || (section.includes("*") && loss === at))
    return true;
  // That there is no handover is told in one sentence, and so is where the output goes.
  if (["handover", "output"].includes(loss)) return section === loss || (key === "reload_mode" && loss === "handover");
  return key.startsWith("limit_") && loss === "service.limit_*";
}

/** What holds for every container needs no word of the unit. */
function isTrueAnyway(name: string, files: ReturnType<typeof body>): boolean {
  const text = JSON.stringify(files);
  return name === "service.no_new_privileges" && /allowPrivilegeEscalation: false|no-new-privileges:true/.test(text);
}
