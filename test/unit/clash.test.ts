import { expect, test } from "bun:test";
import { faultLine, ok } from "../../supervisor/unit/fault.ts";
import { readUnits } from "../../supervisor/unit/set.ts";
import type { BindableSocket } from "../../supervisor/unit/unit.ts";

const file = (name: string, text: string) => ({ name, file: `units/${name}.toml`, text });

/** Shape: the faults of two units that listen so; each text is what follows `listen_stream = `. */
function clashOf(first: string, second: string, enabled = true): readonly string[] {
  const text = (listen: string) =>
    `[unit]\nenabled = ${enabled}\n[service]\nscript = "a.ts"\n[socket.http]\nlisten_stream = ${listen}\n`;
  const read = readUnits([file("api", text(first)), file("web", text(second))], {
    toBind: (unit) => ok(unit.sockets as readonly BindableSocket[]),
  });
  return read.ok ? [] : read.faults.map(faultLine);
}

test("two enabled units that listen on one address are a fault of the later one, by line", () => {
  expect(clashOf('"127.0.0.1:80"', '"127.0.0.1:80"')).toEqual([
    "units/web.toml:6: socket.http.listen_stream: 127.0.0.1:80 is listened on by api already (listener http)",
  ]);
});

test.each([
  ['"80"', '"127.0.0.1:80"'],
  ['"0.0.0.0:80"', '"localhost:80"'],
  ['"[::]:80"', '"0.0.0.0:80"'],
  ['"[::]:80"\nbind_ipv6_only = "ipv6-only"', '"[::1]:80"'],
  ['"/run/a.sock"', '"/run/a.sock"'],
  ['"80"\nreuse_port = true', '"80"'],
])("%s and %s clash", (first, second) => {
  expect(clashOf(first, second)).toHaveLength(1);
});

test.each([
  ['"127.0.0.1:80"', '"127.0.0.1:81"'],
  ['"127.0.0.1:80"', '"127.0.0.2:80"'],
  ['"127.0.0.1:0"', '"127.0.0.1:0"'],
  ['"[::]:80"\nbind_ipv6_only = "ipv6-only"', '"0.0.0.0:80"'],
  ['"[::1]:80"', '"0.0.0.0:80"'],
  ['"/run/a.sock"', '"/run/b.sock"'],
  ['"80"\nreuse_port = true', '"80"\nreuse_port = true'],
])("%s and %s do not", (first, second) => {
  expect(clashOf(first, second)).toEqual([]);
});

test("of units that are not enabled only one may run: that is found out when they start", () => {
  expect(clashOf('"80"', '"80"', false)).toEqual([]);
});
