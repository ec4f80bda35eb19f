import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { libc } from "../../services/kit/libc.ts";
import { addressOf, addressText, socketAddress } from "../../services/kit/socket-address.ts";
import { openShared } from "./fixtures/shared-listener.ts";

const c = libc();
if (!c) throw new Error("libc");

test("addresses are written as people write them", () => {
  const folder = mkdtempSync(join(tmpdir(), "kit-address-"));
  for (const [where, shape] of [
    ["v4", /^127\.0\.0\.1:\d+$/],
    ["v6", /^\[::1\]:\d+$/],
    [{ path: join(folder, "x.sock") }, /\/x\.sock$/],
  ] as const) {
    const listener = openShared(where);
    expect(addressOf(c, listener.fd)?.text).toMatch(shape);
    listener.close();
  }
  rmSync(folder, { recursive: true });
});

test("what is no socket has no address", () => {
  expect(addressOf(c, 0)).toBeNull();
  expect(addressOf(c, 9999)).toBeNull();
});

test("two spellings of one address become the same text", () => {
  expect(addressText("::ffff:10.0.0.1", 80)).toBe("[::ffff:a00:1]:80");
  expect(addressText("0:0:0:0:0:0:0:1", 80)).toBe(addressText("::1", 80));
  expect(addressText("127.0.0.1", 80)).toBe("127.0.0.1:80");
});

test("an abstract name starts with NUL and has its exact length, a path ends with NUL", () => {
  expect([...(socketAddress("@ab") ?? [])]).toEqual([1, 0, 0, 97, 98]);
  expect([...(socketAddress("/a") ?? [])]).toEqual([1, 0, 47, 97, 0]);
  expect(socketAddress(`/${"a".repeat(107)}`)).toBeNull();
});
