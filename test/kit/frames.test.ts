import { expect, test } from "bun:test";
import { closeFrame, decode, encode, OPCODE } from "../../services/kit/frames.ts";

const MAX_BYTES = 100_000;
const MASK = [0x37, 0xfa, 0x21, 0x3d];

/** What a client sends: as a server's frame, but masked. */
function masked(opcode: number, payload: Uint8Array, first = 0x80 | opcode): Uint8Array {
  const plain = encode(opcode, payload);
  const head = plain.slice(0, plain.length - payload.length);
  head[0] = first;
  head[1] = (head[1] ?? 0) | 0x80;
  return Uint8Array.of(...head, ...MASK, ...payload.map((byte, at) => byte ^ (MASK[at % 4] ?? 0)));
}

test("a frame is the same after it was written and read, whatever its length", () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536]) {
    const payload = new Uint8Array(length).map((_, at) => at % 251);
    const decoded = decode(masked(OPCODE.binary, payload), MAX_BYTES);
    if (!decoded.ok) throw new Error(`${length} bytes: ${decoded.code}`);
    expect(decoded.frames).toEqual([{ isLast: true, opcode: OPCODE.binary, payload }]);
    expect(decoded.rest.length).toBe(0);
  }
});

test("bytes that come in any pieces make the same frames", () => {
  const payload = new TextEncoder().encode("hello");
  const stream = Uint8Array.of(
    ...masked(OPCODE.text, payload, 0x01),
    ...masked(OPCODE.more, payload),
    ...masked(OPCODE.ping, payload),
  );
  let behind = new Uint8Array(0);
  const opcodes: number[] = [];
  for (const byte of stream) {
    const decoded = decode(Uint8Array.of(...behind, byte), MAX_BYTES);
    if (!decoded.ok) throw new Error(String(decoded.code));
    opcodes.push(...decoded.frames.map(({ opcode }) => opcode));
    behind = new Uint8Array(decoded.rest);
  }
  expect(opcodes).toEqual([OPCODE.text, OPCODE.more, OPCODE.ping]);
  expect(behind.length).toBe(0);
});

test("what the protocol forbids is refused by its code", () => {
  const text = new TextEncoder().encode("a");
  const faults = [
    [encode(OPCODE.text, text), 1002],
    [masked(OPCODE.text, text, 0x80 | 0x40 | OPCODE.text), 1002],
    [masked(3, text), 1002],
    [masked(OPCODE.ping, text, OPCODE.ping), 1002],
    [masked(OPCODE.ping, new Uint8Array(126)), 1002],
    [masked(OPCODE.binary, new Uint8Array(1001)), 1009],
  ] as const;
  for (const [bytes, code] of faults) expect(decode(bytes, 1000)).toEqual({ ok: false, code });
});

test("a close says its code and as much of its reason as fits; without a code it says nothing", () => {
  expect(closeFrame(1012, "service restart")).toEqual(
    Uint8Array.of(0x88, 17, 1012 >> 8, 1012 & 0xff, ...new TextEncoder().encode("service restart")),
  );
  expect(closeFrame(1000, "x".repeat(500)).length).toBe(2 + 125);
  expect(closeFrame(1005, "")).toEqual(Uint8Array.of(0x88, 0));
});

test("no bytes at all make it throw", () => {
  let seed = 7;
  const next = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed >> 16;
  };
  for (let run = 0; run < 2_000; run += 1) {
    const bytes = Uint8Array.from({ length: next() % 40 }, next);
    expect(typeof decode(bytes, 1000).ok).toBe("boolean");
  }
});
