import { type Family, type Label, type MetricType, type Sample, suffixesOf } from "./family.ts";

/** One source of families, and the labels that tell its samples from those of the others. */
export type Source = Readonly<{ families: readonly Family[]; labels: readonly Label[] }>;

/**
 * Puts families of the same name together, under the type and the help of the first; those of another type, or whose
 * samples would be named as another family's, are left out and counted by source. A label of the service's own that has the
 * name of one of ours is kept as `exported_…`.
 * Source: Prometheus' `honor_labels: false` for that.
 */
export function mergeFamilies(sources: readonly Source[]): Readonly<{
  families: readonly Family[];
  dropped: readonly number[];
}> {
  const merged = new Map<string, { type: MetricType; help: string; samples: Sample[] }>();
  const owners = new Map<string, string>();
  const dropped = sources.map(({ families, labels }) => {
    let count = 0;
    for (const { name, type, help, samples } of families) {
      const names = [name, ...suffixesOf[type].map((suffix) => name + suffix)];
      const isFree = names.every((each) => (owners.get(each) ?? name) === name);
      const known = merged.get(name) ?? { type, help, samples: [] };
      if (!isFree || known.type !== type) {
        count += samples.length;
        continue;
      }
      for (const each of names) owners.set(each, name);
      merged.set(name, known);
      known.samples.push(...samples.map((sample) => ({ ...sample, labels: relabelled(sample.labels, labels) })));
    }
    return count;
  });
  return { families: [...merged].map(([name, family]) => ({ name, ...family })), dropped };
}

function relabelled(own: readonly Label[], ours: readonly Label[]): readonly Label[] {
  const taken = new Set(ours.map(([name]) => name));
  const names = new Set(own.map(([name]) => name));
  const renamed = own.map(([name, value]): Label => {
    let free = name;
    while (taken.has(free) || (free !== name && names.has(free))) free = `exported_${free}`;
    return [free, value];
  });
  return [...ours, ...renamed];
}
