import { readdirSync } from "node:fs";
import process from "node:process";
import type { ActiveState, Status } from "../../unit/status.ts";
import { type Family, type Label, type MetricType, suffixesOf } from "./family.ts";

type Value = readonly [labels: readonly Label[], value: number];

/** Makes a family of plain values. Shape: `family("x", "counter", "…", [[[["unit", "api"]], 3]])` → `x_total{unit="api"} 3`. */
export function family(name: string, type: MetricType, help: string, values: readonly Value[]): Family {
  const suffix = suffixesOf[type][0] ?? "";
  return { name, type, help, samples: values.map(([labels, value]) => ({ suffix, labels, value: String(value) })) };
}

export const activeStates: readonly ActiveState[] = [
  "active",
  "reloading",
  "inactive",
  "failed",
  "activating",
  "deactivating",
];

/** The figures of the supervisor itself. */
export async function ownFamilies({ supervisor, units }: Status): Promise<readonly Family[]> {
  const { version, runtime } = supervisor;
  const states = activeStates.map((state): Value => {
    return [[["state", state]], units.filter((unit) => unit.active_state === state).length];
  });
  const delaySeconds = await turnDelaySeconds();
  const cpu = process.cpuUsage();
  const one = (value: number): readonly Value[] => [[[], value]];
  const about = "of the supervisor's own process";
  return [
    family("supervisor", "info", "What runs here.", [
      [
        [
          ["version", version],
          ["runtime", runtime],
        ],
        1,
      ],
    ]),
    family(
      "supervisor_start_time_seconds",
      "gauge",
      "When the supervisor started, in Unix seconds.",
      one(Date.parse(supervisor.started_at) / 1000),
    ),
    ...sourceFamilies(supervisor),
    family("supervisor_units", "gauge", "Units by state.", states),
    family("supervisor_process_cpu_seconds", "counter", `Processor time ${about}.`, one((cpu.user + cpu.system) / 1e6)),
    family("supervisor_process_memory_bytes", "gauge", `Resident memory ${about}.`, one(process.memoryUsage().rss)),
    family("supervisor_process_open_fds", "gauge", `Descriptors ${about}.`, one(openFds())),
    family(
      "supervisor_event_loop_delay_seconds",
      "gauge",
      "How long something that was due at once had to wait, at this scrape.",
      one(delaySeconds),
    ),
  ];
}

/** Why at the scrape alone: a timer that measures all the time would wake an idle supervisor. */
function turnDelaySeconds(): Promise<number> {
  const began = performance.now();
  return new Promise((resolve) => setImmediate(() => resolve(Math.round((performance.now() - began) * 1000) / 1e6)));
}

function openFds(): number {
  try {
    // One of them is that of the listing itself.
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    // There is no /proc.
    return 0;
  }
}

/** Nothing where there is none. */
function sourceFamilies({ config_source }: Status["supervisor"]): readonly Family[] {
  if (!config_source) return [];
  const up = config_source.state === "answers" ? 1 : 0;
  return [family("supervisor_config_source_up", "gauge", "1 when the remote source of settings answers.", [[[], up]])];
}
