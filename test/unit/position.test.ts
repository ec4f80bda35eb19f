import { expect, test } from "bun:test";
import { lineOf, positions } from "../../supervisor/unit/position.ts";

const text = `# a comment with [brackets] and "quotes"
[unit]
description = """
[service]
not = "a key"
\\""" still inside
"""
requires = [ # why
  "redis",   # [x]
  'pg]sql',
]
service.type = "x"

[service] # tail
environment = { A = "1", "B.C" = '}', D = { E = 2 } }
args = ["a", [1, 2],
  "b"]
when = 1979-05-27 07:32:00
lit = '''
fake = 1
'''''
last = 1

[socket."80"]
listen_stream = 80
  [ socket . http ]
  listen_stream = "x"
[[list]]
a = 1
[[list]]
b = 2`;

const lines: readonly (readonly [string, number])[] = [
  ["unit", 2],
  ["unit.description", 3],
  ["unit.requires", 8],
  ["unit.requires.0", 9],
  ["unit.requires.1", 10],
  ["unit.service.type", 12],
  ["service", 14],
  ["service.environment", 15],
  ["service.environment.B.C", 15],
  ["service.environment.D.E", 15],
  ["service.args.0", 16],
  ["service.args.1.1", 16],
  ["service.args.2", 17],
  ["service.when", 18],
  ["service.lit", 19],
  ["service.last", 22],
  ["socket.80", 24],
  ["socket.80.listen_stream", 25],
  ["socket.http", 26],
  ["socket.http.listen_stream", 27],
  ["list", 28],
  ["list.b", 31],
];

for (const [path, line] of lines) {
  test(`${path} stands in line ${line}`, () => expect(positions(text).get(path)).toBe(line));
}

test("what is in strings and comments is no key", () => {
  const found = positions(text);
  for (const path of ["brackets", "service.not", "service.fake", "unit.not", "x"]) expect(found.has(path)).toBe(false);
});

test("a long string may end in quotes of its own", () => {
  expect(positions('a = ["""x""""", \'\'\'y\'\'\'\',\n"z"]').get("a.2")).toBe(2);
});

test("an unknown path has the line of the table around it", () => {
  const found = positions(text);
  expect(lineOf(found, "service.args.9")).toBe(16);
  expect(lineOf(found, "service.nothing.here")).toBe(14);
  expect(lineOf(found, "nothing")).toBe(1);
});

test("line ends of Windows and a byte order mark count as nothing of their own", () => {
  expect([...positions("\uFEFF[a]\r\nb = 1\r\n\r\nc = 2\r\n")]).toEqual([
    ["a", 1],
    ["a.b", 2],
    ["a.c", 4],
  ]);
});

test("a text that is no TOML ends the scan, and never hangs it", () => {
  for (const broken of [
    "[",
    "[a",
    "a",
    "a =",
    "a = [",
    "a = {",
    'a = "',
    "a = '''",
    "= 1",
    "]]",
    "a = [}",
    "a = {]\nb = 1",
    '"',
    ".",
    "a..b = 1",
  ]) {
    expect(positions(broken)).toBeInstanceOf(Map);
  }
});
