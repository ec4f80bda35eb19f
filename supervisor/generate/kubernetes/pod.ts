import { ignoresFailure, withoutTolerance } from "../../unit/tolerance.ts";
import type { Argv } from "../../unit/unit.ts";
import { NOBODY } from "../container/options.ts";
import type { Workload } from "../container/workload.ts";
import type { YamlMap } from "../yaml.ts";
import type { KubernetesOptions } from "./options.ts";
import { probes } from "./probe.ts";
import { seconds } from "./quantity.ts";
import { resources } from "./resources.ts";
import { dollars, environment, environmentSecret } from "./variable.ts";
import { volumes } from "./volumes.ts";

/**
 * How long a pod goes on as if nothing were after its end was decided: so long it takes until nobody sends it requests any more.
 * Units: seconds.
 */
export const PRE_STOP_S = 5;
/** What is over its drain may still say goodbye. Units: seconds. */
const GOODBYE_S = 1;
/** A grace period that has no end must be a number all the same. Units: seconds. */
const FOR_EVER_S = 86_400;

/** Writes the spec of a service's pods. */
export function servicePod(workload: Workload, options: KubernetesOptions): YamlMap {
  const lifecycle = { preStop: { sleep: { seconds: PRE_STOP_S } } };
  return {
    ...pod(workload, options, { ...probes(workload), lifecycle }),
    terminationGracePeriodSeconds: graceSeconds(workload),
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: selector(workload, options) },
      },
    ],
  };
}

/** Writes the spec of a pod that does its work and ends. */
export function taskPod(workload: Workload, options: KubernetesOptions): YamlMap {
  const restartPolicy = workload.unit.service.restart === "no" ? "Never" : "OnFailure";
  return { ...pod(workload, options, {}), restartPolicy };
}

/** What a selector chooses the pods of a unit by. It cannot be changed later, so it holds nothing that changes. */
export function selector({ name }: Workload, { project }: KubernetesOptions): YamlMap {
  return { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": project };
}

function pod(workload: Workload, options: KubernetesOptions, more: YamlMap): YamlMap {
  const { name, unit } = workload;
  const mounted = volumes(workload, options);
  const common = {
    image: workload.image,
    workingDir: workload.cwd,
    env: environment(workload),
    ...environmentFrom(workload),
    volumeMounts: mounted.flatMap(({ mounts }) => mounts),
    resources: resources(workload, options),
    securityContext: CONFINED,
  };
  const container = {
    name,
    ...common,
    command: workload.argv.map(dollars),
    ports: workload.ports.map(({ name: portName, port, protocol }) => ({
      name: portName,
      containerPort: port,
      protocol,
    })),
    ...more,
  };
  const before = unit.service.execStartPre.map((argv, index) => {
    if (ignoresFailure(argv))
      workload.lose("service.exec_start_pre", `"${argv[0]}" may not fail: an init container that fails is run again`);
    return { name: `${name}-pre-${index + 1}`, ...common, command: commandOf(argv, workload) };
  });
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(workload),
    ...(before.length > 0 ? { initContainers: before } : {}),
    containers: [container],
    volumes: mounted.map(({ volume }) => volume),
  };
}

function commandOf(argv: Argv, { filling }: Workload): readonly string[] {
  return withoutTolerance(argv).map((word) => dollars(filling.fill("service.exec_start_pre", word)));
}

/** A file of variables may hold secrets, so it becomes one, of the unit's name. */
function environmentFrom({ name, unit, lose }: Workload): YamlMap {
  const files = unit.service.environmentFiles;
  if (files.length === 0) return {};
  lose(
    "service.environment_file",
    `not written: put ${files.map(({ path }) => path).join(", ")} into the Secret ${environmentSecret(name)}`,
  );
  const isOptional = files.every(({ optional }) => optional);
  return { envFrom: [{ secretRef: { name: environmentSecret(name), ...(isOptional ? { optional: true } : {}) } }] };
}

const CONFINED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

function podSecurity({ unit, ports, lose }: Workload): YamlMap {
  const { user, group, supplementaryGroups } = unit.service;
  const groups = supplementaryGroups.filter((each) => NUMBER.test(each));
  if (groups.length < supplementaryGroups.length)
    lose("service.supplementary_groups", "only numbers are known in a pod");
  if (user !== "" && !NUMBER.test(user)) lose("service.user", `written as ${NOBODY}: a pod knows numbers only`);
  if (group !== "" && !NUMBER.test(group)) lose("service.group", `written as ${NOBODY}: a pod knows numbers only`);
  const id = NUMBER.test(user) ? Number(user) : NOBODY;
  const gid = NUMBER.test(group) ? Number(group) : id;
  return {
    runAsNonRoot: id !== 0,
    ...{ runAsUser: id, runAsGroup: gid, fsGroup: gid },
    ...(groups.length > 0 ? { supplementalGroups: groups.map(Number) } : {}),
    seccompProfile: { type: "RuntimeDefault" },
    ...(ports.some(({ port }) => port < 1024)
      ? { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] }
      : {}),
  };
}

const NUMBER = /^\d{1,9}$/;

/** Whoever is handed over has `drain_sec`, everybody else `timeout_stop_sec`. */
function graceSeconds({ unit, lose }: Workload): number {
  const { service, handover } = unit;
  const isHandedOver = service.reloadMode === "handover";
  const [key, ms] = isHandedOver
    ? ["handover.drain_sec", handover.drainMs]
    : ["service.timeout_stop_sec", service.timeoutStopMs];
  if (Number.isFinite(ms)) return PRE_STOP_S + seconds(ms) + GOODBYE_S;
  lose(String(key), `written as ${FOR_EVER_S} s: a grace period has an end`);
  return FOR_EVER_S;
}
