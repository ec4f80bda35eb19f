import { expect, test } from "bun:test";
import { Reply } from "../../supervisor/health/reply.ts";

// What a real server says at random is in cases/fuzz.ts, for both runtimes; here is the reader alone, in every cut.

const whole = [
  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4;a=b\r\nwiki\r\n0\r\nX: y\r\n\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n",
];

test("an answer is read the same in whatever pieces it comes", () => {
  for (const text of whole) {
    const bytes = new TextEncoder().encode(text);
    const once = new Reply();
    expect(once.take(bytes)).toBe("whole");
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const cut = new Reply();
        const readings = [
          [0, first],
          [first, second],
          [second, bytes.length],
        ].map(([from, to]) => cut.take(bytes.subarray(from, to)));
        expect(readings).toContain("whole");
        expect(readings).not.toContain("garbage");
        expect([cut.code, cut.location]).toEqual([once.code, once.location]);
      }
    }
  }
});

test("a million bytes of any kind, byte by byte or at once, are read without a throw and in little time", () => {
  for (const start of [
    "",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    ...whole.map((text) => text.slice(0, -6)),
  ]) {
    for (const byte of [0, 10, 13, 32, 48, 58, 97, 255]) {
      const bytes = new Uint8Array(1_000_000).fill(byte);
      bytes.set(new TextEncoder().encode(start));
      expect(["more", "whole", "garbage"]).toContain(new Reply().take(bytes));
      const slowly = new Reply();
      for (let at = 0; at < 100_000 && slowly.take(bytes.subarray(at, at + 1)) === "more"; at++);
      expect(["whole", "garbage"]).toContain(slowly.end());
    }
  }
  const fields = new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${"a:\r\n".repeat(16_000)}\r\n`);
  expect(new Reply().take(fields)).toBe("more");
}, 30_000);
