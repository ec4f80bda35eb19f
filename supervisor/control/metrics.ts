import type { Desk, Load } from "../daemon/ports.ts";
import type { UnitStatus } from "../unit/status.ts";
import { CpuMeter } from "./metrics/cpu-meter.ts";
import { type Family, type Label, renderFamilies } from "./metrics/family.ts";
import type { Figures } from "./metrics/figures.ts";
import { type Gathered, gather, type Place } from "./metrics/gather.ts";
import { mergeFamilies } from "./metrics/merge.ts";
import { family, ownFamilies } from "./metrics/own.ts";
import { unitFamilies, type Weights } from "./metrics/units.ts";
import type { Tallies } from "./tally.ts";

/** The media type that makes a scraper read OpenMetrics. */
export const metricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/**
 * Makes what answers a scrape: the supervisor's own figures, those of the units, and what the services expose themselves,
 * under the labels `unit` and `instance`. A service that cannot be asked is told by a figure; the scrape goes on without it.
 * Source: OpenMetrics 1.0.
 */
export function createMetrics(desk: Desk, tallies: Tallies, figures: Figures): () => Promise<string> {
  const meter = new CpuMeter();
  let weighing: Promise<Weights> | null = null;
  return async () => {
    const status = desk.status();
    const gathering = gather(placesOf(status.units, figures));
    const own = await ownFamilies(status);
    // Scrapes at the same time share one look: the meter must see looks in their order.
    weighing ??= weigh(status.units, figures, meter).finally(() => {
      weighing = null;
    });
    const units = unitFamilies(status.units, tallies, await weighing, figures);
    return `${renderFamilies(withServices([...own, ...units], await gathering))}# EOF\n`;
  };
}

/** Each instance once: in a handover the one that serves. */
function placesOf(units: readonly UnitStatus[], { privateListener }: Figures): readonly Place[] {
  if (!privateListener) return [];
  return units.flatMap(({ name: unit, instances }) => {
    const first = new Map(instances.toReversed().map((one) => [one.name, one]));
    return [...first.values()].reverse().flatMap(({ name: instance, invocation_id }): readonly Place[] => {
      const path = privateListener(invocation_id);
      return path === null ? [] : [{ unit, instance, path }];
    });
  });
}

async function weigh(units: readonly UnitStatus[], { scales }: Figures, meter: CpuMeter): Promise<Weights> {
  if (!scales) return { load: () => null, cpuSeconds: () => 0 };
  const lives = units.flatMap(({ name: unit, instances }) =>
    instances.flatMap(({ pid, invocation_id: invocation }) => (pid === null ? [] : [{ unit, invocation, pid }])),
  );
  const taken = await scales.weigh(lives.map(({ pid }) => pid));
  const known = lives.flatMap((life) => {
    const load = taken.get(life.pid);
    return load ? [{ ...life, ...load }] : [];
  });
  meter.look(known);
  const byUnit = new Map<string, Load>();
  for (const one of known) byUnit.set(one.unit, plus(byUnit.get(one.unit), one));
  return { load: (unit) => byUnit.get(unit) ?? null, cpuSeconds: (unit) => meter.secondsOf(unit) };
}

function plus(before: Load | undefined, { tasks, memoryBytes, cpuSeconds, openFds }: Load): Load {
  return {
    tasks: (before?.tasks ?? 0) + tasks,
    memoryBytes: (before?.memoryBytes ?? 0) + memoryBytes,
    cpuSeconds: (before?.cpuSeconds ?? 0) + cpuSeconds,
    openFds: (before?.openFds ?? 0) + openFds,
  };
}

/** Our own families are first, so that no service takes their names, and nobody else speaks under them. */
function withServices(ours: readonly Family[], gathered: readonly Gathered[]): readonly Family[] {
  if (gathered.length === 0) return ours;
  const labels = gathered.map(({ unit, instance }): readonly Label[] => [
    ["unit", unit],
    ["instance", instance],
  ]);
  const up = gathered.map(({ exposition }, at) => [labels[at] ?? [], exposition === null ? 0 : 1] as const);
  const upFamily = family("supervisor_service_metrics_up", "gauge", "1 when the service gave its metrics.", up);
  const reserved = family("supervisor_service_metrics_dropped", "gauge", droppedHelp, []);
  const { families, dropped } = mergeFamilies([
    { families: [...ours, upFamily, reserved], labels: [] },
    ...gathered.map(({ exposition }, at) => {
      const families = exposition?.families.filter(({ name }) => !isOurName(name)) ?? [];
      return { families, labels: labels[at] ?? [] };
    }),
  ]);
  const lost = gathered.map(({ exposition }, at) => {
    const foreign = exposition?.families.filter(({ name }) => isOurName(name)) ?? [];
    const feigned = foreign.reduce((sum, { samples }) => sum + samples.length, 0);
    return [labels[at] ?? [], (exposition?.malformedLines ?? 0) + feigned + (dropped[at + 1] ?? 0)] as const;
  });
  return [...families.filter(({ name }) => name !== reserved.name), family(reserved.name, "gauge", droppedHelp, lost)];
}

/** Also one that has no sample at present: a service must not speak for the supervisor. */
function isOurName(name: string): boolean {
  return name === "supervisor" || name.startsWith("supervisor_");
}

const droppedHelp =
  "Samples and lines of it that were malformed, or of another type than a family of the same name, or under the supervisor's name.";
