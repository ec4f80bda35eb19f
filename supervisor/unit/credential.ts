import type { CommandContext } from "./command.ts";
import { baseEnvironment } from "./environment.ts";
import { fail, type Outcome, ok } from "./fault.ts";
import { type Filler, filler } from "./filler.ts";
import { resolvePath } from "./path.ts";
import type { Unit } from "./unit.ts";

/** Where one credential comes from. Shape: `{ name: "db", key: "service.load_credential.db", path: "/etc/keys/db" }`. */
export type CredentialSource = Readonly<{ name: string; key: string; path: string }>;

/**
 * Names the sources of an instance's credentials, absolute and in file order.
 * Errors: placeholder-missing. Why without the environment files: they may lie among the credentials.
 */
export function credentialSources(
  unit: Unit,
  context: Pick<CommandContext, "instance" | "root" | "stateDir" | "environ" | "login">,
): Outcome<readonly CredentialSource[]> {
  if (Object.keys(unit.service.loadCredential).length === 0) return ok([]);
  const use = filler(unit, { ...context, variables: baseEnvironment(unit, context.environ, context.login) });
  setEnvironment(unit, use);
  const sources = Object.entries(unit.service.loadCredential).map(([name, template]): CredentialSource => {
    const key = `service.load_credential.${name}`;
    return { name, key, path: resolvePath(context.root, use.fill(key, template)) };
  });
  const [first, ...rest] = use.faults;
  return first === undefined ? ok(sources) : fail(first, ...rest);
}

/** What cannot be filled in yet is left out: it may hold what only the start brings, and the start will tell. */
function setEnvironment(unit: Unit, use: Filler): void {
  for (const [name, template] of Object.entries(unit.service.environment)) {
    const value = use.fill(`service.environment.${name}`, template);
    if (use.faults.length === 0) use.set(name, value);
    use.faults.length = 0;
  }
}
