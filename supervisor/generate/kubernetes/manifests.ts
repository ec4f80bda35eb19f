import type { Workload } from "../container/workload.ts";
import type { YamlMap } from "../yaml.ts";
import type { KubernetesOptions } from "./options.ts";
import { selector, servicePod, taskPod } from "./pod.ts";
import { seconds } from "./quantity.ts";

/** Writes the Deployment of a service. `isScaled`: its replicas are another's to say. */
export function deployment(workload: Workload, options: KubernetesOptions, isScaled: boolean): YamlMap {
  const { unit } = workload;
  const { service, handover } = unit;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...metadata(workload, options), ...described(workload) },
    spec: {
      ...(isScaled ? {} : { replicas: service.instances }),
      revisionHistoryLimit: 5,
      ...(handover.soakMs > 0 ? { minReadySeconds: seconds(Math.min(handover.soakMs, LONGEST_SOAK_MS)) } : {}),
      strategy: strategy(workload),
      selector: { matchLabels: selector(workload, options) },
      template: { metadata: { labels: selector(workload, options) }, spec: servicePod(workload, options) },
    },
  };
}

const LONGEST_SOAK_MS = 3_600_000;

/** A handover starts the new one before the old one ends; a restart is for what cannot run twice. */
function strategy({ unit, lose }: Workload): YamlMap {
  const { reloadMode, instances } = unit.service;
  if (reloadMode === "signal") lose("service.reload_mode", "a change is a new pod: no signal is sent");
  if (reloadMode !== "restart") return { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  if (instances === 1) return { type: "Recreate" };
  return { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
}

/** Writes the Job of a oneshot. */
export function job(workload: Workload, options: KubernetesOptions): YamlMap {
  const { unit, lose } = workload;
  const { timeoutStartMs, restart, instances } = unit.service;
  lose("service.type", "a Job of this name cannot be changed: delete it before the next apply");
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { ...metadata(workload, options), ...described(workload) },
    spec: {
      ...{ completions: instances, parallelism: instances },
      backoffLimit: restart === "no" ? 0 : 6,
      ...(Number.isFinite(timeoutStartMs) ? { activeDeadlineSeconds: seconds(timeoutStartMs, 1) } : {}),
      ttlSecondsAfterFinished: 86_400,
      template: { metadata: { labels: selector(workload, options) }, spec: taskPod(workload, options) },
    },
  };
}

/** Writes the Service of a unit's listeners; one without an address of its own where only its metrics are asked. Null: there are no ports. */
export function service(workload: Workload, options: KubernetesOptions): YamlMap | null {
  const { ports, unit } = workload;
  const metrics = metricsPort(workload);
  const offered = ports.filter(({ listener, name }) => listener !== "private" || name === metrics);
  if (offered.length === 0) return null;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(workload, options),
    spec: {
      ...(unit.sockets.length === 0 ? { clusterIP: "None" } : {}),
      selector: selector(workload, options),
      ports: offered.map(({ name, port, protocol }) => ({ name, port, targetPort: name, protocol })),
    },
  };
}

/** The port at which the bundled services answer `/metrics`. Null: it is not known that the unit has any. */
export function metricsPort({ bundled, ports }: Workload): string | null {
  if (bundled === null) return null;
  const found = ports.find(({ listener }) => (bundled === "worker") === (listener === "private"));
  return found?.name ?? null;
}

/** Writes the budget: one pod at a time may be taken away by those who drain nodes, and one that is ill at any time. */
export function disruptionBudget(workload: Workload, options: KubernetesOptions): YamlMap {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadata(workload, options),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: selector(workload, options) },
    },
  };
}

/** Writes the autoscaler by CPU: from two copies, or as many as the unit has, to five times as many. */
export function autoscaler(workload: Workload, options: KubernetesOptions): YamlMap {
  const least = Math.max(2, workload.unit.service.instances);
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: metadata(workload, options),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: workload.name },
      minReplicas: least,
      maxReplicas: least * 5,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  };
}

/**
 * Writes the network policy: in, to the unit's listeners alone; out, everywhere but to the address at which clouds tell
 * whoever asks their secrets. Names may be looked up anywhere: some clusters have their resolver at a link-local address.
 */
export function networkPolicy(workload: Workload, options: KubernetesOptions): YamlMap {
  const ports = workload.ports.filter(({ listener }) => listener !== "private");
  const dns = (["UDP", "TCP"] as const).map((protocol) => ({ protocol, port: 53 }));
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(workload, options),
    spec: {
      podSelector: { matchLabels: selector(workload, options) },
      policyTypes: ["Ingress", "Egress"],
      ingress: ports.length > 0 ? [{ ports: ports.map(({ name, protocol }) => ({ protocol, port: name })) }] : [],
      egress: [
        { ports: dns },
        {
          to: [
            { namespaceSelector: {} },
            { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
            { ipBlock: { cidr: "::/0", except: ["fe80::/10", "fd00:ec2::254/128"] } },
          ],
        },
      ],
    },
  };
}

/** Names and labels what belongs to a unit. */
export function metadata(workload: Workload, options: KubernetesOptions, name = workload.name): YamlMap {
  return { name, labels: { ...selector(workload, options), "app.kubernetes.io/version": labelValue(options.tag) } };
}

function described({ unit }: Workload): YamlMap {
  return unit.description === unit.name ? {} : { annotations: { "kubernetes.io/description": unit.description } };
}

/** At most 63 of letters, digits and `-_.`, a letter or digit at both ends. Source: Kubernetes, "Labels and Selectors". */
function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}
