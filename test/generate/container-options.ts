import type { KubernetesOptions } from "../../supervisor/generate/kubernetes/options.ts";

/** The options of a project that has everything. */
export const OPTIONS: KubernetesOptions = {
  project: "shop",
  registry: "ghcr.io/acme/",
  tag: "1.4.0",
  self: "bun",
  config: [{ name: "default.toml", text: '[queue]\nurl = "redis://redis:6379"\n' }],
  queue: { url: "rediss://u:p@redis:6379/3?queue=mail", concurrency: 4 },
  namespace: "shop",
  burstable: new Set(["worker"]),
};
