import { expect, test } from "bun:test";
import { formatAddress, parseAddress } from "../../supervisor/unit/address.ts";
import type { Address } from "../../supervisor/unit/unit.ts";

const addresses: readonly (readonly [string, Address, string?])[] = [
  ["127.0.0.1:8080", { tag: "tcp", host: "127.0.0.1", port: 8080 }],
  ["localhost:0", { tag: "tcp", host: "localhost", port: 0 }],
  ["[::1]:8080", { tag: "tcp", host: "::1", port: 8080 }],
  ["[fe80::1%eth0]:80", { tag: "tcp", host: "fe80::1%eth0", port: 80 }],
  ["8080", { tag: "tcp", host: "", port: 8080 }],
  ["*:8080", { tag: "tcp", host: "", port: 8080 }, "8080"],
  ["/run/api.sock", { tag: "unix", path: "/run/api.sock" }],
  ["./api.sock", { tag: "unix", path: "./api.sock" }],
  ["%t/api.sock", { tag: "unix", path: "%t/api.sock" }],
  ["unix:api.sock", { tag: "unix", path: "api.sock" }],
  ["unix:/run/api.sock", { tag: "unix", path: "/run/api.sock" }, "/run/api.sock"],
];

for (const [raw, address, formatted = raw] of addresses) {
  test(`${raw} is read, and written as ${formatted}`, () => {
    expect(parseAddress(raw)).toEqual(address);
    expect(formatAddress(address)).toBe(formatted);
    expect(parseAddress(formatted)).toEqual(address);
  });
}

for (const raw of [
  "",
  "localhost",
  "host:",
  ":8080",
  "host:65536",
  "host:80:80",
  "::1:80",
  "[::1]",
  "[x]:80",
  "@api",
  "unix:",
  "unix:@api",
  "-1",
  "a b:80",
]) {
  test(`${JSON.stringify(raw)} is no address`, () => expect(parseAddress(raw)).toBeNull());
}
