import { baseEnvironment } from "./environment.ts";
import { fail, type Outcome, ok } from "./fault.ts";
import { filler } from "./filler.ts";
import { resolvePath } from "./path.ts";
import type { Socket, Unit } from "./unit.ts";

/**
 * Gives a unit's sockets as they are to be bound: a unix path with its specifiers filled in, absolute.
 * Errors: placeholder-missing. Why: a listener belongs to the unit, not to an instance, so `%i` is always 1 here.
 */
export function socketsToBind(
  unit: Unit,
  context: Readonly<{ root: string; stateDir: string; environ: Readonly<Record<string, string | undefined>> }>,
): Outcome<readonly Socket[]> {
  const variables = baseEnvironment(unit, context.environ);
  const use = filler(unit, { ...context, instance: 1, variables });
  const sockets = unit.sockets.map((socket): Socket => {
    if (socket.address.tag !== "unix") return socket;
    const path = use.fill(`socket.${socket.name}.listen_${socket.kind}`, socket.address.path);
    return { ...socket, address: { tag: "unix", path: resolvePath(context.root, path) } };
  });
  const [first, ...rest] = use.faults;
  return first === undefined ? ok(sockets) : fail(first, ...rest);
}
