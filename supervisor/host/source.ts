import { readFileSync } from "node:fs";
import type { AskSource, SourceAnswer } from "../daemon/ports.ts";

/** More is not read. */
const MOST_BYTES = 1024 * 1024;

/**
 * Asks a remote source of settings. Certificates are checked as the runtime does; a redirect is not followed, since the token would go along.
 * Errors: as the answer `trouble`, which names neither the token nor what was sent.
 */
export const askSource: AskSource = async ({ url, headers, limitMs, tokenFile }, signal) => {
  const token = tokenFile === null ? { ok: true as const, headers: {} } : readToken(tokenFile);
  if (!token.ok) return { tag: "trouble", why: token.why };
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const timer = setTimeout(end, limitMs);
  signal.addEventListener("abort", end);
  try {
    if (signal.aborted) return { tag: "trouble", why: "is not asked any more" };
    const reply = await fetch(url, {
      headers: { ...headers, ...token.headers, "Accept-Encoding": "identity" },
      redirect: "manual",
      signal: ended.signal,
    });
    return await answerOf(reply);
  } catch (error) {
    const why = ended.signal.aborted
      ? `has not answered within ${limitMs / 1000} s`
      : `cannot be asked: ${reasonOf(error)}`;
    return { tag: "trouble", why };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    // What was not read is not waited for.
    end();
  }
};

async function answerOf(reply: Response): Promise<SourceAnswer> {
  const { status, headers } = reply;
  if (status === 304) return { tag: "unchanged" };
  if (status !== 200) return { tag: "trouble", why: `answered ${status}` };
  const bytes = await readBounded(reply);
  if (bytes === null) return { tag: "trouble", why: `answered more than ${MOST_BYTES} bytes` };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { tag: "text", text, index: headers.get("X-Consul-Index"), etag: headers.get("ETag") };
  } catch {
    return { tag: "trouble", why: "answered what is not UTF-8" };
  }
}

/** Null: there is more of it. */
async function readBounded({ body }: Response): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

type Token = Readonly<{ ok: true; headers: Readonly<Record<string, string>> } | { ok: false; why: string }>;

/** Read anew for each question, so that another token counts from the next one on. Source: Consul and RFC 6750, `Authorization: Bearer`. */
function readToken(file: string): Token {
  const refuse = (why: string): Token => ({
    ok: false,
    why: `cannot be asked: config_source_token_file: ${file}: ${why}`,
  });
  try {
    const token = readFileSync(file, "utf8").trim();
    if (!/^[!-~]{1,8192}$/.test(token)) return refuse("holds no token: one line of visible ASCII");
    return { ok: true, headers: { Authorization: `Bearer ${token}` } };
  } catch (error) {
    return refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** How Deno begins: the URL is told by whoever tells of this. */
const SENDING = /^error sending request for url \([^)]*\): /;

/** The innermost reason: the outer ones say that something was to be fetched. Shape: `ConnectionRefused`, `Connection refused (os error 111)`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return "code" in error && typeof error.code === "string" ? error.code : error.message.replace(SENDING, "");
}
