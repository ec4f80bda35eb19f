import type { Unit } from "../../unit/unit.ts";

export type EdgeKind = "requires" | "binds_to" | "wants" | "part_of" | "conflicts" | "after";

/** What one unit says of another, or for `after` what either says. `isKnown: false`: there is no file of that name. */
export type Edge = Readonly<{ from: string; to: string; kind: EdgeKind; isKnown: boolean }>;

export type Graph = Readonly<{ nodes: readonly string[]; edges: readonly Edge[] }>;

/**
 * Gives the graph of the named units and of all that they name, directly or through others; without names of every unit.
 * Why: `requires`, `binds_to` and `wants` imply `after`, so an `after` beside them is left out; `before` is an `after` seen from the other side.
 */
export function graphOf(units: readonly Unit[], names: readonly string[]): Graph {
  const edges = units.flatMap((unit) => edgesOf(unit, units));
  const known = units.map((unit) => unit.name);
  if (names.length === 0) return { nodes: known, edges };
  const reached = new Set(names);
  for (const name of reached) for (const { from, to, isKnown } of edges) if (from === name && isKnown) reached.add(to);
  return { nodes: known.filter((name) => reached.has(name)), edges: edges.filter(({ from }) => reached.has(from)) };
}

/** Renders the graph as trees, a unit's own needs below it; what has been shown before is not taken apart again. */
export function renderAscii({ nodes, edges }: Graph, roots: readonly string[]): string {
  const shown = new Set<string>();
  const lines: string[] = [];
  const below = (name: string, prefix: string): void => {
    if (shown.has(name)) return;
    shown.add(name);
    const targets = [...new Set(edges.filter(({ from }) => from === name).map(({ to }) => to))];
    for (const [at, to] of targets.entries()) {
      const isLast = at === targets.length - 1;
      const said = edges.filter((edge) => edge.from === name && edge.to === to);
      const again = shown.has(to) && edges.some(({ from }) => from === to) ? " (see above)" : "";
      const mark = said.some(({ isKnown }) => !isKnown) ? " (no such unit)" : again;
      lines.push(`${prefix}${isLast ? "└─" : "├─"} ${said.map(({ kind }) => kind).join(", ")} ${to}${mark}`);
      below(to, `${prefix}${isLast ? "   " : "│  "}`);
    }
  };
  const free = roots.length > 0 ? roots : nodes.filter((name) => !edges.some(({ to }) => to === name));
  // A ring has no beginning: whoever is left begins one.
  for (const name of [...free, ...nodes]) {
    if (shown.has(name)) continue;
    lines.push(name);
    below(name, "");
  }
  return lines.map((line) => `${line}\n`).join("");
}

const mermaidArrows: Readonly<Record<EdgeKind, string>> = {
  requires: "==>",
  binds_to: "==>",
  wants: "-->",
  part_of: "-->",
  after: "-.->",
  conflicts: "x--x",
};

/** Source: mermaid's flowchart syntax. Why n0, n1, …: a unit's name may be a word of that language (`end`). */
export function renderMermaid(graph: Graph): string {
  const all = everyName(graph);
  const nodes = all.map((name, at) => `  n${at}["${name}"]\n`);
  const edges = graph.edges.map(
    ({ from, to, kind }) => `  n${all.indexOf(from)} ${mermaidArrows[kind]}|${kind}| n${all.indexOf(to)}\n`,
  );
  return `flowchart LR\n${nodes.join("")}${edges.join("")}`;
}

const dotStyles: Readonly<Record<EdgeKind, string>> = {
  requires: "style=bold",
  binds_to: "style=bold",
  wants: "style=solid",
  part_of: "style=solid",
  after: "style=dashed",
  conflicts: "style=dotted, dir=both, arrowhead=tee, arrowtail=tee",
};

/** Source: the DOT language of Graphviz. */
export function renderDot(graph: Graph): string {
  const nodes = everyName(graph).map((name) => `  "${name}";\n`);
  const edges = graph.edges.map(
    ({ from, to, kind }) => `  "${from}" -> "${to}" [label="${kind}", ${dotStyles[kind]}];\n`,
  );
  return `digraph units {\n  rankdir=LR;\n${nodes.join("")}${edges.join("")}}\n`;
}

function edgesOf(unit: Unit, units: readonly Unit[]): readonly Edge[] {
  const { name, requires, bindsTo, wants, partOf, conflicts, after } = unit;
  const edge =
    (kind: EdgeKind) =>
    (to: string): Edge => {
      return { from: name, to, kind, isKnown: units.some((each) => each.name === to) };
    };
  const needs = [...requires.map(edge("requires")), ...bindsTo.map(edge("binds_to")), ...wants.map(edge("wants"))];
  const earlier = [...after, ...units.filter(({ before }) => before.includes(name)).map((each) => each.name)];
  const order = [...new Set(earlier)].filter((to) => !needs.some((need) => need.to === to));
  return [...needs, ...order.map(edge("after")), ...partOf.map(edge("part_of")), ...conflicts.map(edge("conflicts"))];
}

function everyName({ nodes, edges }: Graph): readonly string[] {
  return [...new Set([...nodes, ...edges.map(({ to }) => to)])];
}
