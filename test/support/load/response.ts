const HEAD_END = Buffer.from("\r\n\r\n");

/** One whole HTTP/1.1 response. `close`: the server said that this connection ends with it. `excess`: bytes behind its end. */
export type Response = Readonly<{
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
  close: boolean;
  excess: number;
}>;

export type Progress = Readonly<
  { tag: "more" } | { tag: "broken"; reason: string } | { tag: "whole"; response: Response }
>;

type Head = Readonly<{ status: number; headers: Record<string, string>; bodyAt: number }>;
type Body = Readonly<{ text: string; endAt: number }> | null | string;

/**
 * Reads one response out of the bytes that have come so far.
 * Shape: `ended` says that the server closed its side; only a response without a length needs it to be whole.
 * Source: RFC 9112 §6 (Content-Length and chunked; nothing else is expected of our services).
 */
export function readResponse(bytes: Buffer, ended: boolean): Progress {
  const head = readHead(bytes);
  if (head === null) return { tag: "more" };
  if (typeof head === "string") return { tag: "broken", reason: head };
  const body = readBody(bytes, head, ended);
  if (body === null) return { tag: "more" };
  if (typeof body === "string") return { tag: "broken", reason: body };
  const { status, headers } = head;
  const close = (headers.connection ?? "").toLowerCase().includes("close");
  return { tag: "whole", response: { status, headers, body: body.text, close, excess: bytes.length - body.endAt } };
}

/** Heads differ by their date alone: most are the one before. */
let lastText = "";
let lastHead: Head | null = null;

function readHead(bytes: Buffer): Head | null | string {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return null;
  const text = bytes.toString("latin1", 0, end);
  if (lastHead && text === lastText) return lastHead;
  const head = parseHead(text, end + HEAD_END.length);
  if (typeof head !== "string") {
    lastText = text;
    lastHead = head;
  }
  return head;
}

function parseHead(text: string, bodyAt: number): Head | string {
  const [first = "", ...lines] = text.split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3})( |$)/.exec(first)?.[1];
  if (!status) return `not a status line: ${first.slice(0, 60)}`;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) return `not a header: ${line.slice(0, 60)}`;
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(status), headers, bodyAt };
}

function readBody(bytes: Buffer, head: Head, ended: boolean): Body {
  const { headers, bodyAt } = head;
  if (headers["transfer-encoding"]?.toLowerCase() === "chunked") return readChunks(bytes, bodyAt);
  const length = headers["content-length"];
  if (length === undefined) return ended ? { text: bytes.toString("utf8", bodyAt), endAt: bytes.length } : null;
  if (!/^\d+$/.test(length)) return `not a length: ${length}`;
  const endAt = bodyAt + Number(length);
  return bytes.length < endAt ? null : { text: bytes.toString("utf8", bodyAt, endAt), endAt };
}

function readChunks(bytes: Buffer, from: number): Body {
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = bytes.toString("latin1", at, lineEnd).split(";")[0] ?? "";
    if (!/^[0-9a-fA-F]+$/.test(size)) return `not a chunk size: ${size.slice(0, 20)}`;
    const dataAt = lineEnd + 2;
    const next = dataAt + Number.parseInt(size, 16) + 2;
    if (bytes.length < next) return null;
    if (bytes.toString("latin1", next - 2, next) !== "\r\n") return "a chunk does not end where it said";
    if (next === dataAt + 2) return { text: Buffer.concat(parts).toString("utf8"), endAt: next };
    parts.push(bytes.subarray(dataAt, next - 2));
    at = next;
  }
}
