import type { ActiveState, Status, UnitStatus } from "../unit/status.ts";
import { type Handovers, handoverResults } from "./tally.ts";

/** The media type that makes a scraper read OpenMetrics. */
export const metricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/**
 * Renders the few figures that an alert needs. Instances and probes are in the status; a metric per process would grow with every restart.
 * Source: OpenMetrics 1.0.
 */
export function renderMetrics(status: Status, handovers: Handovers): string {
  const { supervisor, units } = status;
  const startedSeconds = Date.parse(supervisor.started_at) / 1000;
  const families = [
    family("supervisor", "info", "What runs here.", [
      sample("_info", { version: supervisor.version, runtime: supervisor.runtime }, 1),
    ]),
    family("supervisor_start_time_seconds", "gauge", "When the supervisor started, in Unix seconds.", [
      sample("", {}, startedSeconds),
    ]),
    family(
      "supervisor_units",
      "gauge",
      "Units by state.",
      states.map((state) => sample("", { state }, units.filter((unit) => unit.active_state === state).length)),
    ),
    perUnit(units, "supervisor_unit_active", "gauge", "1 while the unit serves, reloading included.", isServing),
    perUnit(units, "supervisor_unit_generation", "gauge", "The unit's generation.", (unit) => unit.generation),
    perUnit(units, "supervisor_unit_restarts", "counter", "Automatic restarts.", (unit) => unit.restarts),
    family(
      "supervisor_handovers",
      "counter",
      "Handovers by result.",
      units.flatMap(({ name }) =>
        handoverResults.map((result) => sample("_total", { unit: name, result }, handovers.get(name)?.[result] ?? 0)),
      ),
    ),
  ];
  return `${families.join("")}# EOF\n`;
}

const states: readonly ActiveState[] = ["active", "reloading", "inactive", "failed", "activating", "deactivating"];

type Sample = Readonly<{ suffix: string; labels: Readonly<Record<string, string>>; value: number }>;
type Kind = "info" | "gauge" | "counter";

function isServing(unit: UnitStatus): number {
  return unit.active_state === "active" || unit.active_state === "reloading" ? 1 : 0;
}

function perUnit(
  units: readonly UnitStatus[],
  ...[name, kind, help, value]: [string, Kind, string, (unit: UnitStatus) => number]
): string {
  const suffix = kind === "counter" ? "_total" : "";
  return family(
    name,
    kind,
    help,
    units.map((unit) => sample(suffix, { unit: unit.name }, value(unit))),
  );
}

function sample(suffix: string, labels: Readonly<Record<string, string>>, value: number): Sample {
  return { suffix, labels, value };
}

function family(name: string, kind: Kind, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ suffix, labels, value }) => {
    const inside = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    return `${name}${suffix}${inside.length === 0 ? "" : `{${inside.join(",")}}`} ${value}\n`;
  });
  return `# TYPE ${name} ${kind}\n# HELP ${name} ${help}\n${lines.join("")}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
