import type { InstanceStatus, ProcessStatus } from "../../unit/status.ts";

/**
 * Renders the processes of a unit as a tree, children below their parents. Several instances are its first level, each with
 * what it says of itself; of one alone the processes are.
 * Shape: ["├─ 42 bun main.ts", "│  └─ 44 sh -c 'sleep 1'", "└─ 43 sleep 1"]: 43 has lost its parent.
 */
export function processTree(instances: readonly InstanceStatus[]): readonly string[] {
  const [only, ...others] = instances;
  if (only === undefined) return [];
  if (others.length === 0) return draw(forest(only.processes ?? []));
  return draw(
    instances.map((each) => ({ text: title(each), says: each.status_text, below: forest(each.processes ?? []) })),
  );
}

type Node = Readonly<{ text: string; says: string | null; below: readonly Node[] }>;

function title({ name, pid, generation, phase }: InstanceStatus): string {
  return `${name} ${phase}, pid ${pid ?? "-"}, generation ${generation}`;
}

/** The pids are in order, and the kernel's own tree has no ring; an answer that had one would lose it here, and not hang. */
function forest(processes: readonly ProcessStatus[]): readonly Node[] {
  const pids = new Set(processes.map(({ pid }) => pid));
  const below = (parent: number): readonly Node[] => processes.filter(({ ppid }) => ppid === parent).map(node);
  const node = ({ pid, command }: ProcessStatus): Node => ({
    text: `${pid} ${command}`,
    says: null,
    below: below(pid),
  });
  return processes.filter(({ ppid }) => !pids.has(ppid)).map(node);
}

function draw(nodes: readonly Node[], prefix = ""): readonly string[] {
  return nodes.flatMap(({ text, says, below }, at) => {
    const isLast = at === nodes.length - 1;
    const inner = `${prefix}${isLast ? "   " : "│  "}`;
    const words = says === null ? [] : [`${inner}"${says}"`];
    return [`${prefix}${isLast ? "└─" : "├─"} ${text}`, ...words, ...draw(below, inner)];
  });
}
