import type { CommandContext } from "./command.ts";
import { baseEnvironment } from "./environment.ts";
import { fail, type Outcome, ok } from "./fault.ts";
import { type Filler, filler } from "./filler.ts";
import { resolvePath } from "./path.ts";
import type { Argv, Unit } from "./unit.ts";

/** Where one credential comes from. Shape: `{ name: "db", key: "service.load_credential.db", path: "/etc/keys/db", encrypted: false }`. */
export type CredentialSource = Readonly<{ name: string; key: string; path: string; encrypted: boolean }>;

/** A key of encrypted credentials. `id` names it and gives nothing of it away. Units: 32 bytes. */
export type Key = Readonly<{ id: string; bytes: Uint8Array }>;

/** The keys that there are, and where they are, for messages. The first one encrypts, all of them decrypt. */
export type KeyRing = Readonly<{ place: string; keys: readonly [Key, ...Key[]] }>;

/** The keys, or why there are none, and what to do about it. */
export type KeysRead = Readonly<
  { ok: true; ring: KeyRing } | { ok: false; message: string; fix: string; isMissing?: boolean }
>;

/** Where the keys come from: a file, or what a command prints. */
export type KeySource = Readonly<{ tag: "file"; path: string } | { tag: "command"; argv: Argv }>;

/** The variable that names the file of the keys. */
export const KEY_FILE_VARIABLE = "SUPERVISOR_CREDS_KEY_FILE";

/** Who has the say where the keys are: the environment, then `[credentials] key_command`, then `<state>/creds.key`. */
export function keySource(
  command: readonly string[] | null,
  { root, stateDir, environ }: Pick<CommandContext, "root" | "stateDir" | "environ">,
): KeySource {
  const path = environ[KEY_FILE_VARIABLE] ?? "";
  if (path !== "") return { tag: "file", path: resolvePath(root, path) };
  const [program, ...args] = command ?? [];
  if (program !== undefined) return { tag: "command", argv: [program, ...args] };
  return { tag: "file", path: `${stateDir}/creds.key` };
}

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}$/;

/** Whether it may name a credential, which is a file's name, too. */
export function isCredentialName(name: string): boolean {
  return NAME.test(name);
}

/** Whether a process of the unit can only be started with the keys. */
export function needsKeys({ service }: Unit): boolean {
  return Object.keys(service.loadCredentialEncrypted).length > 0;
}

/**
 * Names the sources of an instance's credentials, absolute and in file order, first those that are not encrypted.
 * Errors: placeholder-missing. Why without the environment files: they may lie among the credentials.
 */
export function credentialSources(
  unit: Unit,
  context: Pick<CommandContext, "instance" | "root" | "stateDir" | "environ" | "login">,
): Outcome<readonly CredentialSource[]> {
  const { loadCredential, loadCredentialEncrypted } = unit.service;
  const wanted = [...templates("load_credential", loadCredential), ...templates(ENCRYPTED, loadCredentialEncrypted)];
  if (wanted.length === 0) return ok([]);
  const use = filler(unit, { ...context, variables: baseEnvironment(unit, context.environ, context.login) });
  setEnvironment(unit, use);
  const sources = wanted.map(({ name, key, template, encrypted }): CredentialSource => {
    return { name, key, path: resolvePath(context.root, use.fill(key, template)), encrypted };
  });
  const [first, ...rest] = use.faults;
  return first === undefined ? ok(sources) : fail(first, ...rest);
}

const ENCRYPTED = "load_credential_encrypted";

function templates(key: string, set: Readonly<Record<string, string>>) {
  const encrypted = key === ENCRYPTED;
  return Object.entries(set).map(([name, template]) => ({ name, key: `service.${key}.${name}`, template, encrypted }));
}

/** What cannot be filled in yet is left out: it may hold what only the start brings, and the start will tell. */
function setEnvironment(unit: Unit, use: Filler): void {
  for (const [name, template] of Object.entries(unit.service.environment)) {
    const value = use.fill(`service.environment.${name}`, template);
    if (use.faults.length === 0) use.set(name, value);
    use.faults.length = 0;
  }
}
