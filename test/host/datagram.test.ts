import { expect, test } from "bun:test";
import { parseDatagram } from "../../supervisor/host/datagram.ts";

const parsed = (text: string) => parseDatagram(new TextEncoder().encode(text));

test("a message is its fields, whatever ends its lines", () => {
  expect(parsed("READY=1")).toEqual({ READY: "1" });
  expect(parsed("READY=1\nSTATUS=a=b\n")).toEqual({ READY: "1", STATUS: "a=b" });
  expect(parsed("A=1\r\nB=2\rC=")).toEqual({ A: "1", B: "2", C: "" });
  expect(parsed("STATUS=wärmt\0")).toEqual({ STATUS: "wärmt" });
});

test("a line without a key is skipped and the last of two equal keys counts", () => {
  expect(parsed("junk\n=1\nA=1\nA=2")).toEqual({ A: "2" });
  expect(parsed("__proto__=1")).toEqual(JSON.parse('{"__proto__":"1"}'));
});

test("what the protocol calls no message is none", () => {
  for (const text of ["", "\0", "\n", "junk", "A=1\0B=2", "A=1\0\0", `A=${"x".repeat(4095)}`]) {
    expect(parsed(text)).toBeNull();
  }
  expect(parsed(`A=${"x".repeat(4094)}`)?.A).toHaveLength(4094);
});
