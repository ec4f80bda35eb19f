import { MOST_BYTES } from "../../host/credential/read.ts";
import { inspect, longestSealed, unseal } from "../../host/credential/sealed.ts";
import { replaceFile } from "../../host/replace-file.ts";
import type { Context } from "../context.ts";
import { exit } from "../exit.ts";
import { nameOfFile, readContent, STREAM } from "./content.ts";
import { keyRing } from "./keys.ts";

/** `supervisor creds decrypt [--name NAME] IN [OUT]`; without OUT to stdout. A file that is written is for its owner alone. Source: systemd-creds(1), decrypt. */
export async function run(context: Context, [from = "", to = STREAM]: readonly string[]): Promise<number> {
  const { flags, now, out } = context;
  const refuse = (message: string): number => {
    context.err(`supervisor creds: ${message}`);
    return exit.failed;
  };
  const read = await readContent(from, longestSealed(MOST_BYTES));
  if (!read.ok) return refuse(read.message);
  const shown = from === STREAM ? "stdin" : from;
  const sealed = inspect(Buffer.from(read.value).toString("latin1"));
  if (!sealed.ok) return refuse(`${shown}: ${sealed.message}`);
  const ring = await keyRing(context);
  if (typeof ring === "number") return ring;
  const told = typeof flags.name === "string" ? flags.name : nameOfFile(from);
  const name = told ?? sealed.value.name;
  const content = unseal(sealed.value, { name, ring, nowMs: now().getTime() });
  if (!content.ok) {
    const isRenamed = name !== sealed.value.name && flags.name === undefined;
    return refuse(`${shown}: ${content.message}${isRenamed ? `; --name=${sealed.value.name} takes it as that` : ""}`);
  }
  if (to === STREAM) out(content.value);
  else replaceFile(to, content.value);
  return exit.done;
}
