import type { Labels, Sample } from "./family.ts";

/** One text for each label of a family. Shape: `{ method: "GET", route: "/tasks" }`. */
export type Of<L extends string> = Readonly<Record<L, string>>;

/** The series of one family, each made when it is first asked for. Its labels are those that the family was declared with, in that order. */
export class SeriesSet<L extends string, T> {
  readonly #names: readonly L[];
  readonly #make: () => T;
  readonly #series = new Map<string, Readonly<{ labels: Labels; value: T }>>();

  constructor(names: readonly L[], make: () => T) {
    this.#names = names;
    this.#make = make;
  }

  of(labels: Of<L>): T {
    const key = this.#names.map((name) => labels[name]).join("\n");
    const known = this.#series.get(key);
    if (known) return known.value;
    const value = this.#make();
    const ordered = Object.fromEntries(this.#names.map((name) => [name, labels[name]]));
    this.#series.set(key, { labels: ordered, value });
    return value;
  }

  samples(read: (labels: Labels, value: T) => readonly Sample[]): readonly Sample[] {
    return [...this.#series.values()].flatMap(({ labels, value }) => read(labels, value));
  }
}
