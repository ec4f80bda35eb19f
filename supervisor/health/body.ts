/** `garbage`: no HTTP/1 answer, or one that ended too early. */
export type Reading = "more" | "whole" | "garbage";

/** Tells how much of a body is there, whatever is in it. More than 10 KiB are not waited for: it is whole then, as for the kubelet. */
export interface Body {
  take(chunk: Uint8Array): Reading;
  /** The other side has ended: what was read is all there is. */
  end(): Reading;
}

/** Finds out how an answer with this head is framed. Null when the head contradicts itself. Source: RFC 9112, section 6.3. */
export function bodyOf(code: number, fields: ReadonlyMap<string, readonly string[]>): Body | null {
  if (code < 200 || code === 204 || code === 304) return sized(0);
  if (/(?:^|,)\s*chunked\s*$/i.test(fields.get("transfer-encoding")?.join(",") ?? "")) return chunked();
  if (fields.has("transfer-encoding")) return sized(Infinity);
  const lengths = new Set(fields.get("content-length") ?? []);
  const [length] = lengths;
  if (length === undefined) return sized(Infinity);
  return lengths.size === 1 && /^\d{1,15}$/.test(length) ? sized(Number(length)) : null;
}

const MOST_BODY_BYTES = 10 * 1024;
const CHUNK = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/;
const MOST_CHUNK_LINE_BYTES = 4096;
const NEWLINE = 10;
const decoder = new TextDecoder("latin1");

/** `sizeBytes` is Infinity where the end of the connection is the end of the body. */
function sized(sizeBytes: number): Body {
  let got = 0;
  return {
    take(chunk) {
      got += chunk.length;
      return got >= Math.min(sizeBytes, MOST_BODY_BYTES) ? "whole" : "more";
    },
    end: () => (sizeBytes === Infinity ? "whole" : "garbage"),
  };
}

function chunked(): Body {
  let got = 0;
  let left = 0;
  let line = "";
  let wants: "size" | "data" | "data-end" | "trailer" = "size";

  /** Each line but that of a size is empty, except a trailer's. */
  const onLine = (text: string): Reading => {
    if (wants === "trailer") return text === "" ? "whole" : "more";
    const size = wants === "size" ? CHUNK.exec(text)?.[1] : undefined;
    if (wants === "data-end" ? text !== "" : size === undefined) return "garbage";
    left = size === undefined ? 0 : Number.parseInt(size, 16);
    wants = size === undefined ? "size" : left > 0 ? "data" : "trailer";
    return "more";
  };

  const onBytes = (chunk: Uint8Array): Readonly<{ used: number; reading: Reading }> => {
    if (wants === "data") {
      const used = Math.min(left, chunk.length);
      left -= used;
      got += used;
      if (left === 0) wants = "data-end";
      return { used, reading: got >= MOST_BODY_BYTES ? "whole" : "more" };
    }
    const end = chunk.indexOf(NEWLINE);
    const used = end < 0 ? chunk.length : end + 1;
    if (line.length + used > MOST_CHUNK_LINE_BYTES) return { used, reading: "garbage" };
    line += decoder.decode(chunk.subarray(0, used));
    if (end < 0) return { used, reading: "more" };
    const text = line.replace(/\r?\n$/, "");
    line = "";
    return { used, reading: onLine(text) };
  };

  return {
    take(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const { used, reading } = onBytes(chunk.subarray(at));
        if (reading !== "more") return reading;
        at += used;
      }
      return "more";
    },
    end: () => "garbage",
  };
}
