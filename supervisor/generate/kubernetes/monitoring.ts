import type { Workload } from "../container/workload.ts";
import type { YamlMap } from "../yaml.ts";
import { metadata, metricsPort } from "./manifests.ts";
import type { KubernetesOptions } from "./options.ts";
import { selector } from "./pod.ts";

/** The namespace that a Prometheus usually runs in. */
const MONITORING = "monitoring";

/** Writes the ServiceMonitor of a unit with metrics, and the policy that lets Prometheus ask for them; nothing for any other. */
export function monitoring(workload: Workload, options: KubernetesOptions): readonly YamlMap[] {
  const port = metricsPort(workload);
  if (port === null) return [];
  const matchLabels = selector(workload, options);
  return [
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "ServiceMonitor",
      metadata: metadata(workload, options),
      spec: { selector: { matchLabels }, endpoints: [{ port, path: "/metrics", interval: "30s" }] },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: metadata(workload, options, `${workload.name}-metrics`),
      spec: {
        podSelector: { matchLabels },
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": MONITORING } } }],
            ports: [{ protocol: "TCP", port }],
          },
        ],
      },
    },
  ];
}
