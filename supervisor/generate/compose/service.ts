import type { Unit } from "../../unit/unit.ts";
import { PRIVATE } from "../container/bundled.ts";
import { healthOf } from "../container/health.ts";
import { CREDENTIALS, NOBODY, STATE } from "../container/options.ts";
import { render } from "../container/text.ts";
import type { Workload } from "../container/workload.ts";
import { span } from "../docker/instruction.ts";
import type { DockerOptions } from "../docker/options.ts";
import { imageFile } from "../docker.ts";
import type { YamlMap } from "../yaml.ts";

/** `context`: the root of the project, and `folder`: where the Dockerfiles are, both as seen from the file. */
export type ComposeOptions = DockerOptions & Readonly<{ context: string; folder: string }>;

/** The volume with the state of all services: the queue in SQLite is one file for all of them. */
export const STATE_VOLUME = "state";

/** Writes a service of Compose. `peers`: the workloads by the names of their units. */
export function composeService(
  workload: Workload,
  peers: ReadonlyMap<string, Workload>,
  options: ComposeOptions,
): YamlMap {
  const { unit, runtime, argv, cwd, environment, image, ports, name } = workload;
  const { service } = unit;
  const health = healthOf(workload);
  return {
    image,
    labels: { "org.opencontainers.image.description": escaped(unit.description) },
    ...(runtime === null ? {} : { build: build(imageFile(name, runtime), options) }),
    ...{ entrypoint: argv.map(interpolated), command: [], working_dir: cwd },
    ...(environment.length > 0
      ? { environment: Object.fromEntries(environment.map((each) => [each.name, interpolated(each.value)])) }
      : {}),
    ...files(workload, options),
    ...published(workload),
    ...dependencies(workload, peers),
    ...(health
      ? { healthcheck: { test: ["CMD", ...health.argv.map(escaped)], ...rhythm(health.probe, service.timeoutStartMs) } }
      : {}),
    restart: restart(unit),
    stop_signal: service.killSignal,
    stop_grace_period: graceOf(workload),
    ...confined(workload),
    ...limits(workload),
    ...(service.instances > 1 ? { deploy: { replicas: service.instances } } : {}),
    volumes: [`${STATE_VOLUME}:${STATE}`],
    ...credentials(unit, name),
    ...(ports.length > 0 ? { expose: ports.map(({ port, protocol }) => `${port}/${protocol.toLowerCase()}`) } : {}),
  };
}

export function build(dockerfile: string, { context, folder }: ComposeOptions): YamlMap {
  return { context, dockerfile: `${folder}${dockerfile}` };
}

/** Shape: `secrets: { api-db: { file: /etc/keys/db } }`, for the end of the file. */
export function secretsOf({ unit, name, filling }: Workload): readonly (readonly [string, YamlMap])[] {
  return Object.entries(unit.service.loadCredential).map(([id, path]) => [
    `${name}-${id}`,
    { file: interpolated(filling.fill(`service.load_credential.${id}`, path)) },
  ]);
}

/** Compose fills in `${VAR}` from the environment of whoever calls it, and refuses to start without. Source: Compose, "Interpolation". */
function interpolated(text: string): string {
  return render(text, (name) => `\${${name}:?}`, escaped);
}

const escaped = (text: string): string => text.replaceAll("$", "$$$$");

function files({ unit, filling, lose }: Workload, { context }: ComposeOptions): YamlMap {
  const wanted = unit.service.environmentFiles;
  if (wanted.some(({ optional }) => optional)) lose("service.environment_file", 'a file with "-" has to be there, too');
  const paths = wanted.map(({ path }) => interpolated(filling.fill("service.environment_file", path)));
  return paths.length === 0
    ? {}
    : { env_file: paths.map((path) => (path.startsWith("/") ? path : `${context}/${path}`)) };
}

/** On the machine a port is open where the unit's listener is. */
function published({ ports, unit, lose }: Workload): YamlMap {
  const listeners = ports.filter(({ listener }) => listener !== PRIVATE);
  if (listeners.length === 0) return {};
  if (unit.service.instances > 1) {
    for (const { listener } of listeners)
      lose(`socket.${listener}`, "not published: several copies cannot have one port of the machine");
    return {};
  }
  const host = (text: string): string => (text === "" ? "" : text.includes(":") ? `[${text}]:` : `${text}:`);
  return {
    ports: listeners.map((each) => `${host(each.host)}${each.port}:${each.port}/${each.protocol.toLowerCase()}`),
  };
}

/** What is required is waited for until it is well, or until its work is done; what is wanted until it was started. */
function dependencies({ unit, lose }: Workload, peers: ReadonlyMap<string, Workload>): YamlMap {
  const required = new Set([...unit.requires, ...unit.bindsTo]);
  const entries = [...required, ...unit.wants].flatMap((name): readonly (readonly [string, YamlMap])[] => {
    const peer = peers.get(name);
    if (peer !== undefined)
      return [[peer.name, { condition: required.has(name) ? conditionOf(peer) : "service_started" }]];
    lose(required.has(name) ? "unit.requires" : "unit.wants", `${name} is no service of this file`);
    return [];
  });
  for (const key of ["after", "before"] as const)
    if (unit[key].length > 0)
      lose(`unit.${key}`, "an order alone is none here: what is waited for is required, or wanted");
  return entries.length === 0 ? {} : { depends_on: Object.fromEntries(entries) };
}

function conditionOf({ unit, probes }: Workload): string {
  if (unit.service.type === "oneshot") return "service_completed_successfully";
  return Object.keys(probes).length > 0 ? "service_healthy" : "service_started";
}

function rhythm(
  { periodMs, timeoutMs, failureThreshold }: NonNullable<Unit["probes"]["liveness"]>,
  startMs: number,
): YamlMap {
  const start = Number.isFinite(startMs) ? startMs : 3_600_000;
  return { interval: span(periodMs), timeout: span(timeoutMs), retries: failureThreshold, start_period: span(start) };
}

/** Docker knows no failure by signal or watchdog: each of them is one. */
function restart({ service }: Unit): string {
  if (service.restart === "always") return "always";
  return service.restart === "no" || service.restart === "on-success" ? "no" : "on-failure";
}

function graceOf({ unit, lose }: Workload): string {
  const { service, handover } = unit;
  const isHandedOver = service.reloadMode === "handover";
  const ms = isHandedOver ? handover.drainMs : service.timeoutStopMs;
  if (Number.isFinite(ms)) return span(ms + 1_000);
  lose(isHandedOver ? "handover.drain_sec" : "service.timeout_stop_sec", "written as a day: a grace period has an end");
  return "24h";
}

function confined({ unit, lose }: Workload): YamlMap {
  const { user, group, supplementaryGroups } = unit.service;
  const account = /^\d+$/.test(user) ? user : String(NOBODY);
  if (user !== "" && account !== user) lose("service.user", `written as ${NOBODY}: the image knows numbers only`);
  if (group !== "" && !/^\d+$/.test(group))
    lose("service.group", `written as ${account}: the image knows numbers only`);
  return {
    user: `${account}:${/^\d+$/.test(group) ? group : account}`,
    ...(supplementaryGroups.length > 0 ? { group_add: supplementaryGroups } : {}),
    read_only: true,
    tmpfs: ["/tmp"],
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
  };
}

function limits({ unit, lose }: Workload): YamlMap {
  const { memoryMaxBytes, cpuQuotaPercent, tasksMax, oomScoreAdjust, limits: named } = unit.service;
  const entries = Object.entries(named).map(([name, value]) => [name, value === Infinity ? -1 : value] as const);
  if (restartIsLess(unit))
    lose("service.restart", `written as ${restart(unit)}: Docker tells an end by its exit code alone`);
  return {
    ...(Number.isFinite(memoryMaxBytes) ? { mem_limit: `${memoryMaxBytes}b` } : {}),
    ...(Number.isFinite(cpuQuotaPercent) ? { cpus: cpuQuotaPercent / 100 } : {}),
    ...(Number.isFinite(tasksMax) ? { pids_limit: tasksMax } : {}),
    ...(oomScoreAdjust === null ? {} : { oom_score_adj: oomScoreAdjust }),
    ...(entries.length > 0 ? { ulimits: Object.fromEntries(entries) } : {}),
  };
}

const restartIsLess = ({ service }: Unit): boolean => !["always", "no", "on-failure"].includes(service.restart);

function credentials({ service }: Unit, name: string): YamlMap {
  const ids = Object.keys(service.loadCredential);
  if (ids.length === 0) return {};
  return { secrets: ids.map((id) => ({ source: `${name}-${id}`, target: `${CREDENTIALS}/${id}` })) };
}
