import { basename } from "node:path";
import { readUpTo } from "../../host/credential/read.ts";
import type { Read } from "../../host/credential/sealed.ts";

/** Stands for stdin or stdout in the place of a path. */
export const STREAM = "-";

/** The name that a file says without words: its own, less `.cred`. Null for a stream. Source: systemd-creds(1), `--name=`. */
export function nameOfFile(path: string): string | null {
  return path === STREAM ? null : basename(path, ".cred");
}

/** Reads a file or stdin. Errors: a sentence that names it, also when it is longer. */
export async function readContent(path: string, limitBytes: number): Promise<Read<Uint8Array>> {
  if (path === STREAM) return readStdin(limitBytes);
  const read = readUpTo(path, limitBytes);
  return read.ok ? read : { ok: false, message: `${path}: ${read.message}` };
}

async function readStdin(limitBytes: number): Promise<Read<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    lengthBytes += chunk.length;
    if (lengthBytes > limitBytes) return { ok: false, message: `stdin: has more than ${limitBytes} bytes` };
    chunks.push(chunk);
  }
  return { ok: true, value: Buffer.concat(chunks) };
}
