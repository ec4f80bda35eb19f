import type { Load, ProbeCount } from "../../daemon/ports.ts";
import type { UnitStatus } from "../../unit/status.ts";
import { handoverResults, restartReasons, type Tallies, type UnitTally } from "../tally.ts";
import type { Family, Label } from "./family.ts";
import type { Figures } from "./figures.ts";
import type { Histogram } from "./histogram.ts";
import { activeStates, family } from "./own.ts";

/** What the units' processes take now, and how much processor time they took ever since. */
export type Weights = Readonly<{ load: (unit: string) => Load | null; cpuSeconds: (unit: string) => number }>;

type Value = readonly [labels: readonly Label[], value: number];

/** The figures of every unit. A figure per process is none of them: it would grow with every restart. */
export function unitFamilies(
  units: readonly UnitStatus[],
  tallies: Tallies,
  { load, cpuSeconds }: Weights,
  figures: Figures,
): readonly Family[] {
  const each = (read: (unit: UnitStatus) => number | null): readonly Value[] =>
    units.flatMap((unit): readonly Value[] => {
      const value = read(unit);
      return value === null ? [] : [[[["unit", unit.name]], value]];
    });
  const gauge = (name: string, help: string, read: (unit: UnitStatus) => number | null): Family =>
    family(`supervisor_unit_${name}`, "gauge", help, each(read));
  const counter = (name: string, help: string, read: (unit: UnitStatus) => number | null): Family =>
    family(`supervisor_unit_${name}`, "counter", help, each(read));
  const printed = (unit: UnitStatus) => figures.output?.(unit.name) ?? null;
  const families = [
    stateFamily(units),
    gauge("active", "1 while the unit serves, reloading included.", isServing),
    gauge("healthy", "1 while its probes say so, 0 while they do not.", isHealthy),
    gauge("generation", "The unit's generation.", ({ generation }) => generation),
    gauge("tasks", "Threads of all its processes.", ({ name }) => load(name)?.tasks ?? null),
    gauge("memory_bytes", "Resident memory of all its processes.", ({ name }) => load(name)?.memoryBytes ?? null),
    gauge("open_fds", "Descriptors of all its processes.", ({ name }) => load(name)?.openFds ?? null),
    ...(figures.scales
      ? [counter("cpu_seconds", "Processor time of its processes.", ({ name }) => cpuSeconds(name))]
      : []),
    counter("output_bytes", "What it printed.", (unit) => printed(unit)?.sizeBytes ?? null),
    counter("output_dropped_lines", "Lines that could not be kept.", (unit) => printed(unit)?.droppedLines ?? null),
    ...countedFamilies(units, tallies),
    probeFamily(units, figures.probes?.() ?? []),
  ];
  return families.filter(({ samples }) => samples.length > 0);
}

function stateFamily(units: readonly UnitStatus[]): Family {
  const name = "supervisor_unit_state";
  const values = units.flatMap((unit) =>
    activeStates.map((state): Value => {
      const labels: readonly Label[] = [
        ["unit", unit.name],
        [name, state],
      ];
      return [labels, unit.active_state === state ? 1 : 0];
    }),
  );
  return family(name, "stateset", "The unit's active_state.", values);
}

function isServing({ active_state: state }: UnitStatus): number {
  return state === "active" || state === "reloading" ? 1 : 0;
}

function isHealthy({ health }: UnitStatus): number | null {
  return health === "unknown" ? null : Number(health === "healthy");
}

/** Counters begin at 0 for whatever may be counted, so that the first one is seen as a rise; a histogram begins with its first span. */
function countedFamilies(units: readonly UnitStatus[], tallies: Tallies): readonly Family[] {
  const by = (key: string, words: readonly string[], read: (tally: UnitTally | undefined, word: string) => number) =>
    units.flatMap(({ name }) =>
      words.map(
        (word): Value => [
          [
            ["unit", name],
            [key, word],
          ],
          read(tallies.get(name), word),
        ],
      ),
    );
  const spans = (name: string, help: string, read: (tally: UnitTally) => Histogram): Family => {
    const samples = units.flatMap((unit) => {
      const tally = tallies.get(unit.name);
      return tally && !read(tally).isEmpty ? read(tally).samples([["unit", unit.name]]) : [];
    });
    return { name, type: "histogram", help, samples };
  };
  const restarts = by("reason", restartReasons, (tally, word) => tally?.restarts[word as never] ?? 0);
  const handovers = by("result", handoverResults, (tally, word) => tally?.handovers[word as never] ?? 0);
  return [
    family("supervisor_unit_restarts", "counter", "Restarts by what led to them.", restarts),
    family("supervisor_handovers", "counter", "Handovers by result.", handovers),
    spans("supervisor_unit_ready_seconds", "From the order to start to ready.", (tally) => tally.readySeconds),
    spans("supervisor_handover_seconds", "Handovers that were done, soak included.", (tally) => tally.handoverSeconds),
    spans("supervisor_drain_seconds", "How long old generations drained.", (tally) => tally.drainSeconds),
  ];
}

function probeFamily(units: readonly UnitStatus[], counts: readonly ProbeCount[]): Family {
  const known = new Set(units.map(({ name }) => name));
  const values = counts
    .filter(({ unit }) => known.has(unit))
    .map(({ unit, kind, ok, count }): Value => {
      return [
        [
          ["unit", unit],
          ["kind", kind],
          ["result", ok ? "passed" : "failed"],
        ],
        count,
      ];
    });
  return family("supervisor_probe_answers", "counter", "What probes were answered.", values);
}
