import type { SpawnOrder } from "../daemon/ports.ts";
import type { Group } from "./group.ts";
import type { Groups } from "./groups.ts";
import { ownChildren } from "./procfs.ts";
import { isShellable } from "./start.ts";

const listsChildren = ownChildren() !== null;

/**
 * Limits hold from a program's first step on, so it waits in a shell until it is in its group. Any other runs at once, and
 * is brought there: nobody that it has forked meanwhile is missed where the kernel lists children.
 */
export function joinsItself({ resources }: SpawnOrder): boolean {
  return resources !== null || !listsChildren;
}

/** The control group of one start; null where it has none. */
export function groupFor(order: SpawnOrder, groups: Groups | null, note: (text: string) => void): Group | null {
  const name = `${order.keeper}.${order.invocation}`;
  if (!groups) return null;
  if (!joinsItself(order)) return groups.plan(name);
  if (isShellable(order)) return groups.make(name, order.resources);
  note(`${order.keeper} has no control group, since a variable of its environment has a name that no shell takes`);
  return null;
}
