import type { LogStream } from "../unit/log-entry.ts";

/**
 * One record of an index, the file `api.log.index` that says of each stretch of `api.log` when and by whom it was written.
 *
 * Shape: 32 bytes, little-endian, the kind in the last one: a record that was torn and filled up with zeros has none.
 * - mark: from `offset` of the text on, until the next mark, `from` wrote, at `timeMs`.
 * - origin: who `from` is from here on. Each comes anew in every stretch of 1024 records that names it.
 * - head, the first record: which file the index belongs to.
 * - seal, the last one: the checksum and size at the end of the compressed file that took its place.
 */
export type IndexRecord = Readonly<
  | ({ tag: "mark" } & Mark)
  | { tag: "origin"; from: number; origin: Origin }
  | { tag: "head"; id: string; device: number; inode: number }
  | { tag: "seal"; trailer: string }
>;

/** `from` numbers the writers; see `NOBODY`. */
export type Mark = Readonly<{
  offset: number;
  timeMs: number;
  from: number;
  /** The one newline here ended somebody's line because another had to write: it belongs to nobody's text. */
  isBreak: boolean;
  /** A line of the same writer that was broken before goes on here. */
  continues: boolean;
  /** It belongs to one block with what the same writer wrote before it: a full file stands between them. */
  isRest: boolean;
}>;

/** Who wrote. Null: not known. */
export type Origin = Readonly<{
  instance: number;
  stream: LogStream;
  invocation: string;
  pid: number | null;
  generation: number | null;
  /** Whether each of its lines begins with its time. */
  isStamped: boolean;
}>;

export const RECORD_BYTES = 32;
/** A reader may begin at any multiple of this and learns of every writer that it meets. */
export const STRETCH_BYTES = 1024 * RECORD_BYTES;
/** The supervisor's own number as a writer. */
export const NOBODY = -1;

/** What an origin says of an invocation: 32 hex digits, whatever its id is. */
export function invocationKey(id: string): string {
  return Buffer.from(fromHex(id, 16)).toString("hex").padEnd(32, "0");
}

export function encodeRecord(record: IndexRecord): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  switch (record.tag) {
    case "mark":
      view.setFloat64(0, record.offset, true);
      view.setFloat64(8, record.timeMs, true);
      view.setInt32(16, record.from, true);
      view.setUint8(20, (record.isBreak ? 1 : 0) | (record.continues ? 2 : 0) | (record.isRest ? 4 : 0));
      break;
    case "origin":
      bytes.set(fromHex(record.origin.invocation, 16));
      view.setInt32(16, record.from, true);
      view.setUint32(20, record.origin.pid ?? 0, true);
      view.setUint32(24, record.origin.generation ?? 0, true);
      view.setUint16(28, record.origin.instance, true);
      view.setUint8(30, (record.origin.stream === "stderr" ? 1 : 0) | (record.origin.isStamped ? 2 : 0));
      break;
    case "head":
      bytes.set(fromHex(record.id, 12));
      view.setFloat64(12, record.device, true);
      view.setFloat64(20, record.inode, true);
      break;
    case "seal":
      bytes.set(fromHex(record.trailer, 8));
      break;
  }
  bytes[RECORD_BYTES - 1] = KINDS[record.tag];
  return bytes;
}

/** Null: torn, or of a kind that is not known. */
export function decodeRecord(view: DataView, at: number): IndexRecord | null {
  switch (view.getUint8(at + RECORD_BYTES - 1)) {
    case KINDS.mark: {
      const flags = view.getUint8(at + 20);
      return {
        tag: "mark",
        offset: view.getFloat64(at, true),
        timeMs: view.getFloat64(at + 8, true),
        from: view.getInt32(at + 16, true),
        isBreak: (flags & 1) > 0,
        continues: (flags & 2) > 0,
        isRest: (flags & 4) > 0,
      };
    }
    case KINDS.origin:
      return { tag: "origin", from: view.getInt32(at + 16, true), origin: decodeOrigin(view, at) };
    case KINDS.head:
      return {
        tag: "head",
        id: toHex(view, at, 12),
        device: view.getFloat64(at + 12, true),
        inode: view.getFloat64(at + 20, true),
      };
    case KINDS.seal:
      return { tag: "seal", trailer: toHex(view, at, 8) };
    default:
      return null;
  }
}

const KINDS = { mark: 1, origin: 2, head: 3, seal: 4 } as const;

function decodeOrigin(view: DataView, at: number): Origin {
  return {
    invocation: toHex(view, at, 16),
    pid: view.getUint32(at + 20, true) || null,
    generation: view.getUint32(at + 24, true) || null,
    instance: view.getUint16(at + 28, true),
    stream: (view.getUint8(at + 30) & 1) > 0 ? "stderr" : "stdout",
    isStamped: (view.getUint8(at + 30) & 2) > 0,
  };
}

function fromHex(text: string, sizeBytes: number): Uint8Array {
  return Uint8Array.from(Buffer.from(text.slice(0, sizeBytes * 2), "hex"));
}

function toHex(view: DataView, at: number, sizeBytes: number): string {
  return Buffer.from(view.buffer, view.byteOffset + at, sizeBytes).toString("hex");
}
