import { expect, test } from "bun:test";
import { placesOf } from "../../supervisor/health/place.ts";

test.each([
  ["127.0.0.1:80", [{ host: "127.0.0.1", port: 80 }]],
  ["0.0.0.0:80", [{ host: "127.0.0.1", port: 80 }]],
  ["[::1]:80", [{ host: "::1", port: 80 }]],
  ["/run/a.sock", [{ path: "/run/a.sock" }]],
  ["@abstract", null],
  ["", null],
])("the listener at %s is reached at %j", (address, places) => {
  expect(placesOf(address)).toEqual(places as never);
});

test("a listener on every address is reached over IPv4, or over IPv6 where it takes that alone", () => {
  for (const address of ["[::]:80", "80"]) {
    expect(placesOf(address)).toEqual([
      { host: "127.0.0.1", port: 80 },
      { host: "::1", port: 80 },
    ]);
  }
});
