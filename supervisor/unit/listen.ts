import { parseAddress } from "./address.ts";
import { baseEnvironment } from "./environment.ts";
import { type Fault, fail, type Outcome, ok } from "./fault.ts";
import { type Filler, filler } from "./filler.ts";
import { resolvePath } from "./path.ts";
import type { Address, BindableSocket, Socket, Unit } from "./unit.ts";

/**
 * Gives a unit's sockets as they are to be bound: specifiers and placeholders filled in, unix paths absolute.
 * Errors: placeholder-missing; unit-invalid when what comes out is no address.
 * Why: a listener belongs to the unit, not to an instance, so `%i` is always 1 here.
 */
export function socketsToBind(
  unit: Unit,
  context: Readonly<{ root: string; stateDir: string; environ: Readonly<Record<string, string | undefined>> }>,
): Outcome<readonly BindableSocket[]> {
  if (unit.sockets.length === 0) return ok([]);
  const variables = baseEnvironment(unit, context.environ);
  for (const [name, value] of Object.entries(unit.service.environment)) variables[name] ??= value;
  const use = filler(unit, { ...context, instance: 1, variables });
  const faults: Fault[] = [];
  const sockets = unit.sockets.flatMap((socket): BindableSocket[] => {
    const address = addressOf(unit, socket, use, faults);
    if (address === null) return [];
    if (address.tag === "tcp" || address.path.startsWith("@")) return [{ ...socket, address }];
    return [{ ...socket, address: { tag: "unix", path: resolvePath(context.root, address.path) } }];
  });
  const [first, ...rest] = [...use.faults, ...faults];
  return first === undefined ? ok(sockets) : fail(first, ...rest);
}

function addressOf(unit: Unit, { name, kind, address }: Socket, use: Filler, faults: Fault[]): Address | null {
  if (address.tag !== "template") return address;
  const key = `socket.${name}.listen_${kind}`;
  const missing = use.faults.length;
  const text = use.fill(key, address.text);
  if (use.faults.length > missing) return null;
  const found = parseAddress(text);
  if (found === null) {
    const message = `must be host:port, [v6]:port, a port, or a path, got "${text}"`;
    faults.push({ code: "unit-invalid", message, retry: "never", unit: unit.name, at: { file: unit.file, key } });
  }
  return found;
}
