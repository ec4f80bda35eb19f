import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { TriggerAuthentication } from "@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { Job } from "kubernetes-models/batch/v1/Job";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Service } from "kubernetes-models/v1/Service";

/** A document as it was read from YAML. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into it where they know what must be there.
export type Document = Record<string, any>;

type Model = Readonly<{ apiVersion: string; kind: string }> & (new (data: never) => { validate(): void });

const models: readonly Model[] = [
  ...[Deployment, HorizontalPodAutoscaler, Job, NetworkPolicy, PodDisruptionBudget, Service],
  ...[ScaledObject, ServiceMonitor, TriggerAuthentication],
];

/**
 * Says what the schemas of the API have against documents: values that do not fit, and keys that they do not know.
 * Why: the schemas let unknown keys pass. One that they know has a type, and no type takes a list of lists of lists. What is said
 * of one place holds for its like: `containers.0.name` of one Deployment for `containers.1.name` of another.
 */
export function schemaFaults(documents: readonly Document[]): readonly string[] {
  const faults: string[] = [];
  const asked = new Set<string>();
  for (const document of documents) {
    const fault = faultOf(document);
    if (fault !== null) faults.push(fault);
    else
      for (const path of paths(document)) {
        const place = `${document.kind} ${path.map((key) => (/^\d+$/.test(key) ? "*" : key)).join(".")}`;
        if (asked.has(place)) continue;
        asked.add(place);
        if (faultOf(replaced(document, path)) === null) faults.push(`${place} is not known`);
      }
  }
  return faults;
}

function faultOf(document: Document): string | null {
  const { apiVersion, kind } = document;
  const Found = models.find((model) => model.apiVersion === apiVersion && model.kind === kind);
  if (!Found) return `${apiVersion} ${kind} has no schema here`;
  try {
    new Found(document as never).validate();
    return null;
  } catch (error) {
    return `${kind}: ${(error as Error).message}`;
  }
}

/** Every path to a value, less those that say what the document is. */
function paths(value: unknown, at: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .filter(([key]) => at.length > 0 || (key !== "apiVersion" && key !== "kind"))
    .flatMap(([key, inner]) => [[...at, key], ...paths(inner, [...at, key])]);
}

function replaced(document: Document, path: readonly string[]): Document {
  const copy = structuredClone(document);
  let inner = copy;
  for (const key of path.slice(0, -1)) inner = inner[key];
  inner[path.at(-1) ?? ""] = [[[]]];
  return copy;
}
