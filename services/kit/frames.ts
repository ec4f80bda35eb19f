/** One frame of a WebSocket. Source: RFC 6455, section 5.2. */
export type Frame = Readonly<{ isLast: boolean; opcode: number; payload: Uint8Array }>;

/** What a stretch of bytes holds: whole frames and the bytes behind them, or the code to close with. */
export type Decoded = Readonly<
  { ok: true; frames: readonly Frame[]; rest: Uint8Array } | { ok: false; code: 1002 | 1009 }
>;

export const OPCODE = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const NO_CODE = 1005;
const LAST = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const LENGTH_IN_2 = 126;
const LENGTH_IN_8 = 127;
const MAX_CONTROL_BYTES = 125;
const MASK_BYTES = 4;

/** Takes apart what a client sent. Errors: 1002 for what the protocol forbids, 1009 for a frame longer than `maxBytes`. */
export function decode(bytes: Uint8Array, maxBytes: number): Decoded {
  const frames: Frame[] = [];
  let rest = bytes;
  for (;;) {
    const head = headOf(rest);
    if (head === null) return { ok: true, frames, rest };
    const { opcode, lengthBytes, bodyAt } = head;
    const isControl = opcode >= OPCODE.close;
    if (!head.isValid || (isControl && (lengthBytes > MAX_CONTROL_BYTES || !head.isLast)))
      return { ok: false, code: 1002 };
    if (lengthBytes > maxBytes) return { ok: false, code: 1009 };
    if (rest.length < bodyAt + lengthBytes) return { ok: true, frames, rest };
    const payload = unmasked(rest.subarray(bodyAt, bodyAt + lengthBytes), rest.subarray(bodyAt - MASK_BYTES, bodyAt));
    frames.push({ isLast: head.isLast, opcode, payload });
    rest = rest.subarray(bodyAt + lengthBytes);
  }
}

/** Makes the frame that closes. Code 1005 means that there is none to be said. */
export function closeFrame(code: number, reason: string): Uint8Array<ArrayBuffer> {
  if (code === NO_CODE) return encode(OPCODE.close, new Uint8Array(0));
  const text = new TextEncoder().encode(reason).subarray(0, MAX_CONTROL_BYTES - 2);
  return encode(OPCODE.close, Uint8Array.of(code >> 8, code & 0xff, ...text));
}

/** Makes one whole frame of a server, which masks nothing. */
export function encode(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const extraBytes = length < LENGTH_IN_2 ? 0 : length < 0x10000 ? 2 : 8;
  const frame = new Uint8Array(2 + extraBytes + length);
  const view = new DataView(frame.buffer);
  frame[0] = LAST | opcode;
  frame[1] = extraBytes === 0 ? length : extraBytes === 2 ? LENGTH_IN_2 : LENGTH_IN_8;
  if (extraBytes === 2) view.setUint16(2, length);
  if (extraBytes === 8) view.setBigUint64(2, BigInt(length));
  frame.set(payload, 2 + extraBytes);
  return frame;
}

/** Null while the head is not complete. A client's frame is masked, and no extension was agreed on. */
function headOf(bytes: Uint8Array) {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return null;
  const short = second & ~MASKED;
  const extraBytes = short === LENGTH_IN_2 ? 2 : short === LENGTH_IN_8 ? 8 : 0;
  const isMasked = (second & MASKED) !== 0;
  const bodyAt = 2 + extraBytes + (isMasked ? MASK_BYTES : 0);
  if (bytes.length < bodyAt) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const lengthBytes = extraBytes === 0 ? short : extraBytes === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
  const opcode = first & 0x0f;
  const isKnown = (Object.values(OPCODE) as number[]).includes(opcode);
  const isValid = isKnown && isMasked && (first & RESERVED) === 0;
  return { opcode, isLast: (first & LAST) !== 0, isValid, lengthBytes, bodyAt };
}

function unmasked(payload: Uint8Array, mask: Uint8Array): Uint8Array {
  return payload.map((byte, at) => byte ^ (mask[at % MASK_BYTES] ?? 0));
}
