import type { YamlMap } from "../yaml.ts";
import { CONFIG } from "./volumes.ts";

const KUSTOMIZATION = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization" };
const COMPONENT = { apiVersion: "kustomize.config.k8s.io/v1alpha1", kind: "Component" };

/** Writes the base: what every cluster takes. A changed file of `config/` is a ConfigMap of another name, and so a rollout. */
export function base(resources: readonly string[], config: readonly string[], namespace: string | null): YamlMap {
  return {
    ...KUSTOMIZATION,
    ...(namespace === null ? {} : { namespace }),
    resources,
    ...(config.length > 0
      ? { configMapGenerator: [{ name: CONFIG, files: config.map((name) => `config/${name}`) }] }
      : {}),
  };
}

/** Writes what needs something of its own in the cluster. `scaled`: Deployments whose replicas are from now on another's to say. */
export function component(resources: readonly string[], scaled: readonly string[] = []): YamlMap {
  return {
    ...COMPONENT,
    resources,
    ...(scaled.length > 0
      ? {
          patches: scaled.map((name) =>
            patch({ kind: "Deployment", name }, [{ op: "remove", path: "/spec/replicas" }]),
          ),
        }
      : {}),
  };
}

/** Writes the overlay for a small cluster: one pod of each. */
export function development(autoscaled: readonly string[]): YamlMap {
  const one = ["minReplicas", "maxReplicas"].map((key) => ({ op: "replace", path: `/spec/${key}`, value: 1 }));
  return {
    ...KUSTOMIZATION,
    resources: ["../../base"],
    ...(autoscaled.length > 0
      ? { patches: autoscaled.map((name) => patch({ kind: "HorizontalPodAutoscaler", name }, one)) }
      : {}),
  };
}

/** Writes the overlay for the cluster that counts: with all components, and the images as they were named. */
export function production(components: readonly string[], images: readonly string[], tag: string): YamlMap {
  return {
    ...KUSTOMIZATION,
    resources: ["../../base"],
    ...(components.length > 0 ? { components: components.map((name) => `../../components/${name}`) } : {}),
    images: images.map((name) => ({ name, newTag: tag })),
  };
}

/** Shape: `[{"op":"remove","path":"/spec/replicas"}]`. Source: RFC 6902. */
function patch(target: YamlMap, operations: readonly YamlMap[]): YamlMap {
  return { target, patch: `${JSON.stringify(operations, null, 2)}\n` };
}
