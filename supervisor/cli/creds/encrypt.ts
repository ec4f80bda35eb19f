import { MOST_BYTES } from "../../host/credential/read.ts";
import { seal } from "../../host/credential/sealed.ts";
import { replaceFile } from "../../host/replace-file.ts";
import { isCredentialName } from "../../unit/credential.ts";
import { parseMoment } from "../../unit/moment.ts";
import type { Context } from "../context.ts";
import { exit } from "../exit.ts";
import { nameOfFile, readContent, STREAM } from "./content.ts";
import { keyRingToEncrypt } from "./keys.ts";

/** What is encrypted may lie where everybody reads it. */
const MODE = 0o644;

/** `supervisor creds encrypt [--name NAME] [--not-after TIME] IN OUT`. Source: systemd-creds(1), encrypt. */
export async function run(context: Context, [from = "", to = ""]: readonly string[]): Promise<number> {
  const { quiet, out, err } = context;
  const wanted = readFlags(context, to);
  if (typeof wanted === "string") {
    err(`supervisor creds: ${wanted}`);
    return exit.usage;
  }
  const content = await readContent(from, MOST_BYTES);
  if (!content.ok) {
    err(`supervisor creds: ${content.message}`);
    return exit.failed;
  }
  const ring = await keyRingToEncrypt(context);
  if (typeof ring === "number") return ring;
  const [key] = ring.keys;
  const text = seal(content.value, { ...wanted, key });
  if (to === STREAM) out(text);
  else replaceFile(to, text, MODE);
  if (to !== STREAM && !quiet) err(`${to}: encrypted as "${wanted.name}" with key ${key.id}`);
  return exit.done;
}

/** A string says what is wrong with them. */
function readFlags(
  { flags, now }: Context,
  to: string,
): Readonly<{ name: string; notAfterMs: number | null }> | string {
  const name = typeof flags.name === "string" ? flags.name : nameOfFile(to);
  if (name === null) return "--name: is needed where the credential is written to stdout";
  if (!isCredentialName(name)) return `--name: "${name}" is no credential's name: letters, digits and any of _.-`;
  const told = flags["not-after"];
  const notAfterMs = typeof told === "string" ? parseMoment(told, now()) : null;
  if (told === undefined) return { name, notAfterMs };
  if (notAfterMs === null) return `--not-after: must be a time such as 2027-01-01 or '+90 days', got '${told}'`;
  return notAfterMs > now().getTime() ? { name, notAfterMs } : `--not-after: ${told} is over`;
}
