import type { Module } from "./module.ts";

/** What makes a set of modules impossible. `path`: from the one that asks to what it asks for. */
export class ModuleGraphFault extends Error {
  override readonly name = "ModuleGraphFault";
  readonly path: readonly string[];

  constructor(what: string, path: readonly string[]) {
    super(`${what}: ${path.join(" → ")}`);
    this.path = path;
  }
}

type Node = Pick<Module, "name" | "dependsOn">;

/** Whom each module depends on, and who depends on it. */
export type Graph = ReadonlyMap<string, Readonly<{ before: readonly string[]; after: readonly string[] }>>;

/** Errors: ModuleGraphFault, when two have one name, when somebody depends on one that is not there, and for a cycle. */
export function graphOf(modules: readonly Node[]): Graph {
  const before = new Map<string, readonly string[]>();
  for (const { name, dependsOn = [] } of modules) {
    if (before.has(name)) throw new ModuleGraphFault("two modules have one name", [name]);
    before.set(name, [...new Set(dependsOn)]);
  }
  const seen = new Set<string>();
  for (const name of before.keys()) visit(name, { before, seen, path: [] });
  const after = (name: string): readonly string[] => {
    return [...before].filter(([, needed]) => needed.includes(name)).map(([other]) => other);
  };
  return new Map([...before].map(([name, needed]) => [name, { before: needed, after: after(name) }]));
}

type Walk = Readonly<{ before: ReadonlyMap<string, readonly string[]>; seen: Set<string>; path: readonly string[] }>;

function visit(name: string, { before, seen, path }: Walk): void {
  const here = [...path, name];
  if (path.includes(name)) throw new ModuleGraphFault("modules depend on each other", here.slice(here.indexOf(name)));
  if (seen.has(name)) return;
  const needed = before.get(name);
  if (!needed) throw new ModuleGraphFault("a module depends on one that is not there", here);
  for (const other of needed) visit(other, { before, seen, path: here });
  seen.add(name);
}
