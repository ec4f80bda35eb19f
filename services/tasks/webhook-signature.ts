import { createHmac } from "node:crypto";

/** What sender and receiver of webhooks share: 24 to 64 bytes. */
export type WebhookSecret = Uint8Array;

const MIN_BYTES = 24;
const MAX_BYTES = 64;
/** One, and while receivers change over, the next one. */
const MAX_SECRETS = 2;

/**
 * Reads the file of secrets, one on each line.
 * Shape: `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n` → one secret of 24 bytes.
 * Errors: a sentence that names the line, and never what stands there.
 */
export function readSecrets(text: string): readonly WebhookSecret[] | string {
  const lines = text
    .split("\n")
    .flatMap((line, at) => (line.trim() === "" ? [] : [{ line: at + 1, text: line.trim() }]));
  if (lines.length === 0) return "holds no secret";
  if (lines.length > MAX_SECRETS) return `holds ${lines.length} secrets, ${MAX_SECRETS} are allowed`;
  const secrets = lines.map(({ text }) => secretOf(text));
  const bad = lines.find((_, at) => secrets[at] === null);
  if (bad) return `line ${bad.line}: must be whsec_ and the base64 of ${MIN_BYTES} to ${MAX_BYTES} bytes`;
  return secrets.flatMap((secret) => secret ?? []);
}

function secretOf(text: string): WebhookSecret | null {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(base64 ?? "", "base64");
  return bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES ? bytes : null;
}

/**
 * Makes the headers by which a receiver knows the sender, and a repeat; none without a secret.
 * Shape: `webhook-signature: v1,<base64> v1,<base64>`, one for each secret: a receiver has to know one of them.
 * Units: `nowMs` is wall time; the header has seconds. Source: Standard Webhooks 1.0.0, symmetric signatures.
 */
export function signatureHeaders(
  secrets: readonly WebhookSecret[],
  id: string,
  body: string,
  nowMs: number,
): Readonly<Record<string, string>> {
  if (secrets.length === 0) return {};
  const seconds = String(Math.floor(nowMs / 1_000));
  const sign = (secret: WebhookSecret) =>
    `v1,${createHmac("sha256", secret).update(`${id}.${seconds}.${body}`).digest("base64")}`;
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": secrets.map(sign).join(" ") };
}
