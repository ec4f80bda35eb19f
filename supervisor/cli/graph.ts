import { readRoot } from "../host/unit-files.ts";
import { type Fault, faultLine } from "../unit/fault.ts";
import { match } from "../unit/pattern.ts";
import type { Context } from "./context.ts";
import { exit, exitOfFault } from "./exit.ts";
import { type Graph, graphOf, renderAscii, renderDot, renderMermaid } from "./render/graph.ts";

/** Draws who needs whom, by the unit files on disk; a daemon is not asked. */
export async function run(context: Context): Promise<number> {
  const { args, root, json, flags, out } = context;
  const format = String(flags.format ?? "ascii");
  const draw = drawings[format];
  if (draw === undefined) {
    context.err(`supervisor graph: --format: must be ascii, mermaid or dot, got '${format}'`);
    return exit.usage;
  }
  const found = readRoot(root);
  const { readUnits } = await import("../unit/set.ts");
  const read = readUnits(found.files, { unread: found.faults });
  if (!read.ok) return tell(context, read.faults, exit.invalid);
  const names = match(
    args,
    read.value.map((unit) => unit.name),
  );
  if (!names.ok) return tell(context, names.faults, exitOfFault(names.faults[0].code, "query"));
  const graph = graphOf(read.value, names.value);
  out(json ? `${JSON.stringify(graph, null, 2)}\n` : draw(graph, names.value));
  return exit.done;
}

const drawings: Readonly<Record<string, (graph: Graph, roots: readonly string[]) => string>> = {
  ascii: renderAscii,
  mermaid: renderMermaid,
  dot: renderDot,
};

function tell({ err, verb }: Context, faults: readonly Fault[], code: number): number {
  for (const fault of faults) err(`supervisor ${verb}: ${faultLine(fault)}`);
  return code;
}
