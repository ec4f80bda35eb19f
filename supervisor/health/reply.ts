import { type Body, bodyOf, type Reading } from "./body.ts";

/**
 * Reads the answer to one GET, piece by piece, and keeps of it what a probe judges by.
 *
 * The body is dropped.
 * Units: at most 64 KiB of a head are held; one that is longer is garbage.
 * Source: RFC 9112; interim answers (1xx but 101) are passed over.
 */
export class Reply {
  code = 0;
  location: string | null = null;
  #head = new Uint8Array(1024);
  #headBytes = 0;
  #body: Body | null = null;

  /** Whether anything came at all. */
  get isBegun(): boolean {
    return this.#headBytes > 0 || this.code > 0;
  }

  take(chunk: Uint8Array): Reading {
    if (this.#body) return this.#body.take(chunk);
    const had = this.#headBytes;
    this.#hold(chunk.subarray(0, MOST_HEAD_BYTES - had));
    const held = this.#head.subarray(0, this.#headBytes);
    if (!isHttp(held)) return "garbage";
    const end = endOfHead(held, Math.max(0, had - 3));
    if (end < 0) return held.length < MOST_HEAD_BYTES ? "more" : "garbage";
    if (!this.#read(decoder.decode(held.subarray(0, end)))) return "garbage";
    this.#headBytes = 0;
    // What was held but belongs to what follows the head, and what did not fit.
    const rest = chunk.subarray(end - had);
    if (this.code < 200 && this.code !== 101) {
      return rest.length > 0 ? this.take(rest) : "more";
    }
    const body = this.#body as Body | null;
    return body?.take(rest) ?? "garbage";
  }

  /** The other side has ended: what was read is all there is. */
  end(): Reading {
    return this.#body?.end() ?? "garbage";
  }

  #hold(bytes: Uint8Array): void {
    const neededBytes = this.#headBytes + bytes.length;
    if (neededBytes > this.#head.length) {
      const grown = new Uint8Array(Math.min(MOST_HEAD_BYTES, neededBytes * 2));
      grown.set(this.#head.subarray(0, this.#headBytes));
      this.#head = grown;
    }
    this.#head.set(bytes, this.#headBytes);
    this.#headBytes = neededBytes;
  }

  /** False when it is none. */
  #read(head: string): boolean {
    const [status = "", ...lines] = head.split(/\r?\n/);
    const code = STATUS.exec(status)?.[1];
    const fields = code === undefined ? null : readFields(lines);
    if (fields === null) return false;
    this.code = Number(code);
    this.location = fields.get("location")?.[0] ?? null;
    if (this.code < 200 && this.code !== 101) return true;
    this.#body = bodyOf(this.code, fields);
    return this.#body !== null;
  }
}

type Fields = ReadonlyMap<string, readonly string[]>;

const MOST_HEAD_BYTES = 64 * 1024;
const STATUS = /^HTTP\/1\.[01] ([1-9]\d\d)(?: .*)?$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/;
const NEWLINE = 10;
const decoder = new TextDecoder("latin1");
const START = new TextEncoder().encode("HTTP/1.");

function isHttp(held: Uint8Array): boolean {
  return START.every((byte, index) => index >= held.length || held[index] === byte);
}

/** Where what follows the empty line begins; -1 when that line is not there yet. */
function endOfHead(held: Uint8Array, from: number): number {
  for (let at = held.indexOf(NEWLINE, from); at >= 0; at = held.indexOf(NEWLINE, at + 1)) {
    if (held[at + 1] === NEWLINE) return at + 2;
    if (held[at + 1] === 13 && held[at + 2] === NEWLINE) return at + 3;
  }
  return -1;
}

/** Null when one of the lines is no field. A line that begins with a blank goes on where the one before it ended. */
function readFields(lines: readonly string[]): Fields | null {
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    if (line === "" || (/^[ \t]/.test(line) && fields.size > 0)) continue;
    const [, name, value = ""] = FIELD.exec(line) ?? [];
    if (name === undefined) return null;
    const values = fields.get(name.toLowerCase()) ?? [];
    values.push(value.trim());
    fields.set(name.toLowerCase(), values);
  }
  return fields;
}
