import { blank, type Import, importsOf } from "./scan.ts";
import type { Source } from "./source.ts";

/** Who may import what. All paths are prefixes from the project's root; the longest `at` that fits a file is its row. */
export type Row = Readonly<{
  at: string;
  imports: readonly string[];
  /** Only `import type`, which leaves nothing in the program. */
  types?: readonly string[];
  /** Package → prefixes of the files that may import it. */
  packages?: Readonly<Record<string, readonly string[]>>;
  /** Whether `node:*` may be imported. */
  node: boolean;
}>;

/** Says of every import that its row does not allow: who, what, and which line. */
export function importFaults(table: readonly Row[], sources: readonly Source[]): readonly string[] {
  return code(sources).flatMap((source) => {
    const row = rowOf(table, source.path);
    if (row === undefined) return [`${source.path}: stands in no row of the table`];
    const bad = importsOf(source).filter((each) => !isAllowed(row, each));
    return bad.map(({ from, line, target }) => `${from}:${line}: ${row.at} may not import ${target}`);
  });
}

function rowOf(table: readonly Row[], path: string): Row | undefined {
  const fitting = table.filter((row) => path.startsWith(row.at));
  return fitting.sort((a, b) => b.at.length - a.at.length)[0];
}

function isAllowed(row: Row, { from, target, kind }: Import): boolean {
  if (isPackage(target)) {
    if (target.startsWith("node:")) return row.node;
    const name = Object.keys(row.packages ?? {}).find((each) => target === each || target.startsWith(`${each}/`));
    return name !== undefined && (row.packages?.[name] ?? []).some((prefix) => from.startsWith(prefix));
  }
  const allowed = kind === "type" ? [...row.imports, ...(row.types ?? [])] : row.imports;
  return target.startsWith(row.at) || allowed.some((prefix) => target.startsWith(prefix));
}

function isPackage(target: string): boolean {
  return target === "?" || target.includes(":") || !/\.(?:ts|json|toml|html|css)$/.test(target);
}

/** Follows the imports that stay in the program when it runs; `import type` is erased, a dynamic one waits until it is called. */
export function cycles(sources: readonly Source[]): readonly string[] {
  const graph = staticGraph(sources);
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      found.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    state.set(path, "open");
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

/** Packages that are no part of the runtime. */
export const isForeign = (path: string): boolean => isPackage(path) && !path.startsWith("node:");

/** Says what of `unwanted` is loaded as soon as one of the `entries` is, and on which road. */
export function eager(
  entries: (path: string) => boolean,
  unwanted: (path: string) => boolean,
  sources: readonly Source[],
): readonly string[] {
  const graph = staticGraph(sources);
  const found: string[] = [];
  for (const entry of [...graph.keys()].filter(entries)) {
    const seen = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (seen.has(path)) return;
      seen.add(path);
      if (unwanted(path)) found.push([...trail, path].join(" → "));
      for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    };
    visit(entry, []);
  }
  return found;
}

function staticGraph(sources: readonly Source[]): ReadonlyMap<string, readonly string[]> {
  const targets = (source: Source): readonly string[] =>
    importsOf(source).flatMap((each) => (each.kind === "value" ? [each.target] : []));
  return new Map(code(sources).map((source) => [source.path, targets(source)]));
}

/** Finds words in the code itself, not in its comments and strings. Shape: `a.ts:3: Bun.`. */
export function wordFaults(pattern: RegExp, sources: readonly Source[]): readonly string[] {
  return code(sources).flatMap(({ path, text }) => matches(pattern, path, blank(text)));
}

/** Finds words anywhere in a file of any kind. */
export function textFaults(pattern: RegExp, sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, text }) => matches(pattern, path, text));
}

function matches(pattern: RegExp, path: string, text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) =>
    [...line.matchAll(pattern)].map(([word]) => `${path}:${index + 1}: ${word.trim()}`),
  );
}

export function lengthFaults(longest: number, sources: readonly Source[]): readonly string[] {
  return code(sources).flatMap(({ path, text }) => {
    const lines = text.replace(/\n$/, "").split("\n").length;
    return lines > longest ? [`${path}: ${lines} lines, ${longest} are allowed`] : [];
  });
}

/** Refuses drawers for everything, files of types alone and barrels. */
export function nameFaults(sources: readonly Source[]): readonly string[] {
  return sources.map(({ path }) => path).filter((path) => DRAWER.test(path));
}

const DRAWER = /(?:^|\/)(?:utils?|common|helpers?|misc|shared)(?:\/|\.ts$)|(?:^|\/)(?:types|index)\.ts$/;

/** Refuses what stands in no folder of the house. */
export function placeFaults(known: readonly string[], sources: readonly Source[]): readonly string[] {
  return sources
    .map(({ path }) => path)
    .filter((path) => !known.some((each) => path === each || (each.endsWith("/") && path.startsWith(each))));
}

function code(sources: readonly Source[]): readonly Source[] {
  return sources.filter(({ path }) => path.endsWith(".ts"));
}
