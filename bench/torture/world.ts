import { fileURLToPath } from "node:url";
import type { RuntimeName } from "../../test/support/root.ts";
import { apiUnit, bundledUnit, type Sections, shellUnit } from "../../test/support/unit-text.ts";

/** What may be ordered of a unit. `halt`: it is stopped, and then started. */
export type Verb = "reload" | "restart" | "halt" | "scale";

/** `verbs`: what may happen to it without a failed request or a lost line. `prints`: it numbers its lines. */
type Part = Readonly<{ verbs: readonly Verb[]; prints?: boolean; text: (runtime: RuntimeName) => string }>;

const service = (name: string) => JSON.stringify(fileURLToPath(new URL(`../services/${name}`, import.meta.url)));
/** Room for all that is printed, in files that are soon full. */
const output = { max_size: '"512K"', max_files: "100000" };
/** The tasks deliver to this machine. */
const settings = ["worker.concurrency=2", "queue.max_attempts=1", "worker.webhook_reach=any"];
/** A machine that is busy is not an ill service. */
const patience = { period: '"300ms"', timeout: '"10s"', failure_threshold: "3" };

/** What the tortured supervisor runs, by the names of the units. */
export const world = {
  /** Under the load of HTTP. */
  echo: {
    verbs: ["reload", "reload", "scale"],
    text: (runtime) => apiUnit(runtime, { "probe.liveness": { listener: '"http"', path: '"/healthz"', ...patience } }),
  },
  /** Where the tasks are posted. */
  api: {
    verbs: ["reload"],
    text: (runtime) =>
      bundledUnit(runtime, "api", settings, {
        "probe.readiness": { listener: '"http"', path: '"/readyz"', ...patience },
        "probe.liveness": { listener: '"http"', path: '"/healthz"', ...patience },
      }),
  },
  worker: {
    verbs: ["reload"],
    text: (runtime) =>
      bundledUnit(runtime, "worker", settings, {
        "probe.liveness": { listener: '"private"', path: '"/healthz"', ...patience },
      }),
  },
  watched: {
    verbs: ["reload", "restart"],
    text: (runtime) =>
      shellUnit("", {
        service: {
          exec_start: JSON.stringify([]),
          type: '"notify"',
          script: service("watched.ts"),
          runtime: JSON.stringify(runtime),
          watchdog_sec: '"6s"',
        },
        handover: { soak_sec: '"100ms"' },
      }).replace(/^exec_start = .*\n/m, ""),
  },
  slow: { verbs: ["restart", "halt"], prints: true, text: () => printing("slowly") },
  bursts: { verbs: ["restart", "scale", "halt"], prints: true, text: () => printing("in-bursts") },
  crashes: { verbs: [], prints: true, text: () => printing("crashing") },
  /** With a child in a session of its own. */
  family: {
    verbs: ["restart", "halt"],
    text: () => shellUnit("setsid sleep 1000000 & sleep 1000000 & trap 'exit 0' TERM; wait"),
  },
} as const satisfies Readonly<Record<string, Part>>;

export type Name = keyof typeof world;
export const names = Object.keys(world) as readonly Name[];

export const partOf = (name: Name): Part => world[name];

/** The files of `units/`. */
export function unitFiles(runtime: RuntimeName): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [`${name}.toml`, partOf(name).text(runtime)]));
}

function printing(how: string): string {
  const sections: Sections = {
    service: {
      exec_start: `["/bin/sh", ${service("numbered.sh")}, "${how}"]`,
      restart_sec: '"20ms"',
      start_limit_burst: "0",
    },
    output,
  };
  return shellUnit("", sections);
}
