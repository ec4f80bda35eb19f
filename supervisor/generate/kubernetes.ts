import type { Unit } from "../unit/unit.ts";
import { loseKeys, loseSockets } from "./container/lost.ts";
import type { Workload } from "./container/workload.ts";
import { workloadsOf } from "./container/workloads.ts";
import { type Generated, head } from "./generated.ts";
import { scaledByQueue } from "./kubernetes/keda.ts";
import { base, component, development, production } from "./kubernetes/kustomize.ts";
import { LOST_IN_KUBERNETES, lostLimits } from "./kubernetes/lost.ts";
import { autoscaler, deployment, disruptionBudget, job, networkPolicy, service } from "./kubernetes/manifests.ts";
import { monitoring } from "./kubernetes/monitoring.ts";
import type { KubernetesOptions } from "./kubernetes/options.ts";
import type { Loss } from "./loss.ts";
import { type YamlMap, yaml, yamlDocuments } from "./yaml.ts";

/**
 * Writes manifests for Kubernetes: each enabled unit runs without the supervisor, in pods of its own.
 * Shape: `base/kustomization.yaml`, `base/api.yaml`, `components/keda/…`, `components/monitoring/…`, `overlays/production/…`.
 * Source: the API of Kubernetes 1.30, where `preStop.sleep` needs no program in the image; kustomize, KEDA 2, prometheus-operator.
 */
export function generateKubernetes(units: readonly Unit[], given: KubernetesOptions): Generated {
  const { options, losses: unfit } = withoutSecrets(given);
  const { told, losses } = workloadsOf(units, options);
  const files = new Map<string, string>();
  const all: Loss[] = [...unfit, ...losses];
  const add = (
    path: string,
    lines: readonly string[],
    documents: readonly YamlMap[],
    own: readonly Loss[] = [],
  ): void => {
    if (documents.length > 0) files.set(path, head(lines, own) + yamlDocuments(documents));
  };
  for (const { workload, losses: own } of told) {
    const { name, unit } = workload;
    const written = resourcesOf(workload, options);
    add(
      `base/${name}.yaml`,
      [`Unit ${unit.name}, from ${unit.file}. Runs instead of the supervisor, not below it.`],
      written,
      own,
    );
    add(
      `components/monitoring/${name}.yaml`,
      [`Metrics of ${unit.name}, for the Prometheus operator.`],
      monitoring(workload, options),
    );
    const lost = own.length;
    if (workload.bundled === "worker")
      add(`components/keda/${name}.yaml`, SECRETS, scaledByQueue(workload, options), own.slice(lost));
    all.push(...own);
  }
  for (const { name, text } of options.config) files.set(`base/config/${name}`, text);
  const workloads = told.map(({ workload }) => workload);
  for (const [path, kustomization] of kustomizations(workloads, options, files)) files.set(path, yaml(kustomization));
  return { files, losses: all };
}

const SECRETS = [
  "Scales by the depth of the queue. The Secret is made by hand, for what it says is not for files:",
  "  kubectl create secret generic queue --from-literal=url=redis://USER:PASSWORD@HOST:6379/0 \\",
  "    --from-literal=address=HOST:6379 --from-literal=username=USER --from-literal=password=PASSWORD",
];

/** What a unit becomes. A oneshot is a Job, and nobody asks it anything. */
function resourcesOf(workload: Workload, options: KubernetesOptions): readonly YamlMap[] {
  const { unit, lose, ports, probes } = workload;
  const { type } = unit.service;
  loseKeys(unit, LOST_IN_KUBERNETES, lose);
  loseSockets(unit, lose);
  for (const [key, why] of lostLimits(unit)) lose(key, why);
  if (type === "oneshot") {
    for (const kind of Object.keys(probes)) lose(`probe.${kind}`, "nobody asks a Job");
    return [job(workload, options), networkPolicy(workload, options)];
  }
  const listeners = ports.some(({ listener }) => listener !== "private");
  return [
    deployment(workload, options, listeners),
    ...[service(workload, options)].filter((each) => each !== null),
    disruptionBudget(workload, options),
    ...(listeners ? [autoscaler(workload, options)] : []),
    networkPolicy(workload, options),
  ];
}

function kustomizations(
  workloads: readonly Workload[],
  options: KubernetesOptions,
  files: ReadonlyMap<string, string>,
): ReadonlyMap<string, YamlMap> {
  const inFolder = (folder: string): readonly string[] =>
    workloads.map(({ name }) => `${name}.yaml`).filter((name) => files.has(`${folder}/${name}`));
  const parts = ["keda", "monitoring"].filter((name) => inFolder(`components/${name}`).length > 0);
  const services = workloads.filter(({ unit }) => unit.service.type !== "oneshot");
  const autoscaled = services.filter(({ ports }) => ports.some(({ listener }) => listener !== "private"));
  const scaled = services.filter((each) => each.bundled === "worker" && !autoscaled.includes(each));
  const names = (of: readonly Workload[]): readonly string[] => of.map(({ name }) => name);
  const images = workloads.map(({ image }) => image.slice(0, -options.tag.length - 1));
  return new Map<string, YamlMap>([
    [
      "base/kustomization.yaml",
      base(
        inFolder("base"),
        options.config.map(({ name }) => name),
        options.namespace,
      ),
    ],
    ...parts.map((name): [string, YamlMap] => [
      `components/${name}/kustomization.yaml`,
      component(inFolder(`components/${name}`), name === "keda" ? names(scaled) : []),
    ]),
    ["overlays/development/kustomization.yaml", development(names(autoscaled))],
    ["overlays/production/kustomization.yaml", production(parts, images, options.tag)],
  ]);
}

/** A ConfigMap is no place for a password, so a file with one is left out. */
function withoutSecrets(options: KubernetesOptions): Readonly<{ options: KubernetesOptions; losses: readonly Loss[] }> {
  const isFit = ({ text }: Readonly<{ text: string }>): boolean => !PASSWORD_IN_URL.test(text);
  const losses = options.config
    .filter((file) => !isFit(file))
    .map(({ name }) => ({
      unit: "config",
      key: name,
      why: "left out: it holds a URL with a password, which is for a Secret",
    }));
  return { options: { ...options, config: options.config.filter(isFit) }, losses };
}

const PASSWORD_IN_URL = /:\/\/[^\s"'/@]*:[^\s"'/@]+@/;
