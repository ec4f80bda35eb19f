import { join } from "node:path";
import { createKeyFile } from "../../host/credential/key-file.ts";
import { createKeys, type Keys } from "../../host/credential/keys.ts";
import type { KeyRing, KeysRead } from "../../unit/credential.ts";
import { type Fault, faultLine, type Outcome, ok } from "../../unit/fault.ts";
import type { Context } from "../context.ts";
import { exit } from "../exit.ts";

type Asked = Pick<Context, "root" | "stateDir" | "err">;

/** The keys as the environment and the files of `config/` say where they are; what a key command says on stderr is shown. Errors: those of `config/`. */
export async function openKeys({ root, stateDir }: Pick<Context, "root" | "stateDir">): Promise<Outcome<Keys>> {
  const { loadConfig } = await import("../../../config/load.ts");
  const { isOthers } = await import("../../../config/schema.ts");
  const loaded = loadConfig({ folder: join(root, "config"), shown: "config", env: process.env, isOthers });
  if (!loaded.ok) return loaded;
  const options = { root, stateDir, environ: process.env, showErrors: true };
  return ok(createKeys(options, loaded.value.config.credentials.key_command ?? null));
}

/** The keys; or the exit code, when there are none and that was said. */
export async function keyRing(context: Asked): Promise<KeyRing | number> {
  const opened = await openKeys(context);
  if (!opened.ok) return tellFaults(context, opened.faults);
  const read = await opened.value.fetch();
  return read.ok ? read.ring : tellNoKeys(context, read);
}

/** The same for whoever encrypts: where the file of the keys is not there yet, it is made, and that is said. */
export async function keyRingToEncrypt(context: Asked): Promise<KeyRing | number> {
  const opened = await openKeys(context);
  if (!opened.ok) return tellFaults(context, opened.faults);
  const { source } = opened.value;
  const read = await opened.value.fetch();
  if (read.ok) return read.ring;
  if (read.isMissing !== true || source.tag !== "file") return tellNoKeys(context, read);
  const key = createKeyFile(source.path, new Date());
  context.err(`made the key ${key.id} in ${source.path}: keep a copy of it, nothing can be decrypted without it`);
  return { place: source.path, keys: [key] };
}

/** Prints why there are no keys, and what to do about it. */
export function tellNoKeys({ err }: Pick<Context, "err">, { message, fix }: Extract<KeysRead, { ok: false }>): number {
  err(`supervisor creds: ${message}\n     fix: ${fix}`);
  return exit.failed;
}

export function tellFaults({ err }: Pick<Context, "err">, faults: readonly Fault[]): number {
  for (const fault of faults) err(faultLine(fault));
  return exit.invalid;
}
