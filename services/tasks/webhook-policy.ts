import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/schema.ts";
import { readSecrets, type WebhookSecret } from "./webhook-signature.ts";

/** Where webhooks may go: to public addresses; to those and this machine's own loopback; anywhere. */
export type WebhookReach = Config["worker"]["webhook_reach"];

/** How webhooks are delivered. */
export type WebhookPolicy = Readonly<{
  reach: WebhookReach;
  /** Each of them signs every body. None: nothing is signed. */
  secrets: readonly WebhookSecret[];
  /** Gives the addresses of a host, at least one. Errors: rejects with what DNS says. */
  resolve: (host: string) => Promise<readonly string[]>;
}>;

type Settings = Pick<Config["worker"], "webhook_reach" | "webhook_secret_file">;

/** Where a unit's `load_credential = { webhook_secret = "…" }` puts it. */
const CREDENTIAL = "webhook_secret";

/** The policy without secrets. */
export function unsigned(reach: WebhookReach): WebhookPolicy {
  return { reach, secrets: [], resolve: addressesOf };
}

/**
 * Makes the policy that the configuration asks for. The secrets are read once: a reload takes others.
 * Errors: a sentence, when a file of secrets was named and cannot be read, or does not hold secrets.
 */
export function readWebhookPolicy(
  { webhook_reach, webhook_secret_file }: Settings,
  env: Readonly<Record<string, string | undefined>>,
): WebhookPolicy | string {
  const policy = unsigned(webhook_reach);
  const { CREDENTIALS_DIRECTORY: directory } = env;
  const path = webhook_secret_file ?? (directory === undefined ? undefined : join(directory, CREDENTIAL));
  if (path === undefined) return policy;
  try {
    const secrets = readSecrets(readFileSync(path, "utf8"));
    return typeof secrets === "string" ? `${path}: ${secrets}` : { ...policy, secrets };
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    // The worker has credentials, and this is none of them.
    if (code === "ENOENT" && webhook_secret_file === undefined) return policy;
    return `${path}: cannot be read: ${code}`;
  }
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
