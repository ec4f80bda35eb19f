import type { Probe, ProbeKind } from "../../unit/unit.ts";
import type { Workload } from "../container/workload.ts";
import type { YamlMap } from "../yaml.ts";
import { seconds } from "./quantity.ts";
import { dollars } from "./variable.ts";

/** A unit that may take for ever to start is asked for so long. */
const LONGEST_START_MS = 3_600_000;

/**
 * Writes the three probes. Where the unit has no startup probe, what another one asks is asked each second for as long as
 * `timeout_start_sec`: so a slow start is no reason for the liveness probe to kill.
 * Source: Kubernetes, Probe; the names, meanings and defaults of the unit file are from there.
 */
export function probes(workload: Workload): YamlMap {
  const { unit, probes: asked, lose } = workload;
  const written = (kind: ProbeKind): YamlMap | undefined => {
    const probe = asked[kind];
    const key = `probe.${kind}`;
    const question = probe && questionOf(workload, probe, key);
    return probe && question ? { ...question, ...rhythm(probe, key, workload) } : undefined;
  };
  const readinessProbe = written("readiness");
  const livenessProbe = written("liveness");
  if (!readinessProbe)
    lose("probe.readiness", "not in the unit: a pod is sent requests, and a rollout goes on, once its process runs");
  if (!livenessProbe) lose("probe.liveness", "not in the unit: a pod that hangs is not restarted");
  const first = asked.readiness ?? asked.liveness;
  const question =
    asked.startup || !first
      ? undefined
      : (readinessProbe ?? livenessProbe) && questionOf(workload, first, "probe.startup");
  const limit = Math.min(unit.service.timeoutStartMs, LONGEST_START_MS);
  const startupProbe = question
    ? { ...question, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: seconds(limit, 1) }
    : written("startup");
  if (!question && unit.service.timeoutStartMs !== DEFAULT_START_MS)
    lose(
      "service.timeout_start_sec",
      startupProbe ? "the startup probe says how long" : "there is no probe to ask meanwhile",
    );
  return { startupProbe, readinessProbe, livenessProbe };
}

const DEFAULT_START_MS = 30_000;

function questionOf(workload: Workload, { ask }: Probe, key: string): YamlMap | null {
  const { ports, filling, lose } = workload;
  switch (ask.tag) {
    case "exec":
      return { exec: { command: ask.argv.map((word) => dollars(filling.fill(key, word))) } };
    case "tcp":
      if (isOwn(ask.host)) return { tcpSocket: { port: ask.port } };
      lose(key, `left out: it asks ${ask.host}, and a pod answers for itself`);
      return null;
    case "listener": {
      const port = ports.find(({ listener }) => listener === ask.listener);
      if (port) return { httpGet: { path: filling.fill(key, ask.path), port: port.name } };
      lose(key, "left out: its listener is");
      return null;
    }
    case "http":
      return httpGet(filling.fill(key, ask.url), workload, key);
  }
}

/** Shape: `http://127.0.0.1:8080/readyz`. The kubelet asks the pod's own address. */
function httpGet(url: string, { ports, lose }: Workload, key: string): YamlMap | null {
  const [, scheme = "", host = "", port, path = "/"] =
    /^(https?):\/\/(\[[^\]]*\]|[^/:]*)(?::(\d+))?(\/.*)?$/.exec(url) ?? [];
  const number = Number(port ?? (scheme === "https" ? 443 : 80));
  if (!isOwn(host) || !(number > 0)) {
    lose(key, `left out: it asks ${url.replace(/[\uE000\uE001]/g, "")}, and a pod answers for itself`);
    return null;
  }
  const named = ports.find((each) => each.port === number && each.protocol === "TCP");
  if (!named)
    lose(
      key,
      `port ${number} is no listener of the unit: the program must bind it at the pod's address, not at 127.0.0.1`,
    );
  return { httpGet: { path, port: named?.name ?? number, ...(scheme === "https" ? { scheme: "HTTPS" } : {}) } };
}

const isOwn = (host: string): boolean => /^(?:127\.\d+\.\d+\.\d+|localhost|\[?::1\]?|0\.0\.0\.0|)$/.test(host);

function rhythm(probe: Probe, key: string, { lose }: Workload): YamlMap {
  const spans = [
    ["initial_delay", probe.initialDelayMs],
    ["period", probe.periodMs],
    ["timeout", probe.timeoutMs],
  ] as const;
  for (const [name, ms] of spans) if (ms % 1000 !== 0) lose(`${key}.${name}`, "rounded up to whole seconds");
  return {
    ...(probe.initialDelayMs > 0 ? { initialDelaySeconds: seconds(probe.initialDelayMs) } : {}),
    periodSeconds: seconds(probe.periodMs, 1),
    timeoutSeconds: seconds(probe.timeoutMs, 1),
    failureThreshold: probe.failureThreshold,
    ...(probe.successThreshold > 1 ? { successThreshold: probe.successThreshold } : {}),
  };
}
