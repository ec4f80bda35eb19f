import type { Argv, Probe } from "../../unit/unit.ts";
import { isKnown } from "./text.ts";
import { programOf, type Workload } from "./workload.ts";

/** The command that asks a container for its health from within, and how often. */
export type Health = Readonly<{ argv: Argv; probe: Probe }>;

/**
 * Makes the one health check that Docker has of a unit's probes: readiness before liveness, since others wait for it.
 * Shape: `["/usr/local/bin/bun", "-e", "fetch(…"]`. An image without a shell has its runtime to ask with; without that, null.
 */
export function healthOf(workload: Workload): Health | null {
  const { probes, lose } = workload;
  const kind = (["readiness", "liveness", "startup"] as const).find((each) => probes[each] !== undefined);
  const probe = kind && probes[kind];
  if (kind === undefined || probe === undefined) return null;
  for (const other of Object.keys(probes))
    if (other !== kind) lose(`probe.${other}`, `Docker has one health check, and asks ${kind}`);
  if (probe.successThreshold > 1) lose(`probe.${kind}.success_threshold`, "one success is enough");
  if (probe.initialDelayMs > 0)
    lose(`probe.${kind}.initial_delay`, "it is asked at once, and its first failures do not count");
  const argv = questionOf(workload, probe, `probe.${kind}`);
  return argv && { argv, probe };
}

function questionOf(workload: Workload, { ask }: Probe, key: string): Argv | null {
  const { ports, filling, lose } = workload;
  switch (ask.tag) {
    case "exec": {
      const [program, ...args] = ask.argv;
      const argv: Argv = [filling.fill(key, program), ...args.map((arg) => filling.fill(key, arg))];
      if (argv.every(isKnown)) return argv;
      lose(key, "left out: it uses a variable that is known only where it runs");
      return null;
    }
    case "tcp":
      return script(workload, tcpScript(ask.host, ask.port), key);
    case "http": {
      const url = filling.fill(key, ask.url);
      return isKnown(url) ? script(workload, httpScript(url), key) : null;
    }
    case "listener": {
      const port = ports.find(({ listener }) => listener === ask.listener);
      if (port === undefined) return null;
      return script(workload, httpScript(`http://127.0.0.1:${port.port}${filling.fill(key, ask.path)}`), key);
    }
  }
}

const EVALUATE = { bun: ["-e"], deno: ["eval", "--quiet"], node: ["-e"] } as const;

function script({ runtime, lose }: Workload, text: string, key: string): Argv | null {
  if (runtime !== null) return [programOf(runtime), ...EVALUATE[runtime], text];
  lose(key, "left out: nobody knows what the image could ask with; give it a probe with exec");
  return null;
}

function httpScript(url: string): string {
  return `fetch(${JSON.stringify(url)}).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
}

function tcpScript(host: string, port: number): string {
  const to = `${port}, ${JSON.stringify(host)}`;
  return `import("node:net").then(({ connect }) => connect(${to}).on("connect", () => process.exit(0)).on("error", () => process.exit(1)))`;
}
