/** What is read away of an upload that the app did not want, so that its connection may be closed. */
const MAX_BYTES = 256 * 1024;
const MAX_MS = 250;

/** Whether the app has left something of the request for the server to read. One that it began to read, it is taken to have read. */
export function isUnread(request: Request): boolean {
  if (request.bodyUsed) return false;
  return request.headers.has("transfer-encoding") || Number(request.headers.get("content-length") ?? 0) > 0;
}

/**
 * Reads away what is left of an upload, and says whether that was all of it.
 * Why: the runtimes close right behind a response that says so; with bytes unread the kernel makes that a reset, which takes
 * the response from under the client. Source: RFC 9112, section 9.6.
 * What is too long, too slow, or waits to be told to continue is left alone.
 */
export async function isReadAway({ body, headers }: Request): Promise<boolean> {
  if (headers.has("expect") || Number(headers.get("content-length") ?? 0) > MAX_BYTES) return false;
  const reader = body?.getReader();
  if (!reader) return true;
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), MAX_MS);
  try {
    for (let sizeBytes = 0; sizeBytes <= MAX_BYTES; ) {
      const part = await Promise.race([reader.read(), late.promise]);
      if (part === null) return false;
      if (part.done) return true;
      sizeBytes += part.value.byteLength;
    }
    return false;
  } catch {
    // The client has gone, or the runtime has; whether the connection is closed is no longer asked.
    return false;
  } finally {
    clearTimeout(timer);
  }
}
