import { expect, test } from "bun:test";
import { targetOf } from "./wire.ts";

test.each([
  ["127.0.0.1:8080", "02001f907f0000010000000000000000"],
  ["[2001:db8::ff00:42:8329]:443", "0a0001bb0000000020010db8000000000000ff000042832900000000"],
  ["[::1]:80", "0a000050000000000000000000000000000000000000000100000000"],
  ["[::]:80", "0a000050000000000000000000000000000000000000000000000000"],
  ["/run/a.sock", "01002f72756e2f612e736f636b00"],
])("%s is told to the kernel in its own form", (address, bytes) => {
  expect(targetOf(address).address.toString("hex")).toBe(bytes);
});
