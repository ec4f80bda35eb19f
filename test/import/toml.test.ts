// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { parse } from "smol-toml";
import { Draft, type TomlValue, unitName } from "../../supervisor/import/draft.ts";
import { keyOrder } from "../../supervisor/import/key-order.ts";
import { below, literal } from "../../supervisor/import/template.ts";
import { unitText } from "../../supervisor/import/toml.ts";
import { quotedWords, shellCommand, shellWords } from "../../supervisor/import/words.ts";
import { sections } from "../../supervisor/unit/schema.ts";
import { expand } from "../../supervisor/unit/specifier.ts";

test("every key of a unit file has its place in the order", () => {
  const known = Object.entries(sections).map(([section, keys]) => [section, Object.keys(keys).sort()]);
  expect(Object.entries(keyOrder).map(([section, keys]) => [section, keys.toSorted()])).toEqual(known);
});

test.each<[string, TomlValue]>([
  ["a plain text", "text"],
  ["quotes and backslashes", 'say "a\\b"'],
  ["both quotes", `it's "a"`],
  ["several lines", "set -e\n  run 'a'\n"],
  ["several lines with an end of quotes", "a\n'b'"],
  ["three quotes in several lines", "a\n'''b'''\n"],
  ["control characters", "a\u0000b\u001b[1m\u007f\r\n"],
  ["a name that is no bare key", { "a b": "c", "d.e": 1 }],
  ["words that fill lines", Array.from({ length: 40 }, (_, index) => `--option-${index}`)],
  ["lists of lists", [["a", "b".repeat(100)], ["c"]]],
  [
    "a table that is too long for a line",
    Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`NAME_${index}`, "value"])),
  ],
])("%s is read as it was written", (_, value) => {
  const draft = new Draft("a", "f");
  draft.set("service", "environment", value, "a note\nof two lines");
  draft.set("service", "restart", "no");
  draft.head.push("head \u001b");
  expect<unknown>(parse(unitText(draft))).toEqual({ service: { environment: value, restart: "no" } });
});

test("sections and keys come in the manual's order, sockets in that of their descriptors, a short note beside its key", () => {
  const draft = new Draft("a", "f");
  draft.set("output", "max_files", 3);
  draft.set("socket.z", "backlog", 1);
  draft.set("socket.z", "listen_stream", "80");
  draft.set("socket.a", "listen_stream", "81");
  draft.set("service", "restart", "no", "as it was");
  draft.set("service", "exec_start", ["a"]);
  expect(unitText(draft)).toBe(
    '[service]\nexec_start = ["a"]\nrestart = "no" # as it was\n\n[socket.z]\nlisten_stream = "80"\nbacklog = 1\n\n[socket.a]\nlisten_stream = "81"\n\n[output]\nmax_files = 3\n',
  );
});

test.each(["100%", "%n %%", "${HOME}", "$HOME $$", "${A:-b}", "a${", "${1}"])("%s is taken as it is", (text) => {
  const context = { unit: "u", instance: 1, root: "/r", stateDir: "/s", variables: { HOME: "/h", A: "x" } };
  expect(expand(literal(text), context)).toEqual({ ok: true, value: text });
});

test.each([
  ["", "./web/", "web"],
  ["", "/srv/app/web", "web"],
  ["", "/srv/app", "."],
  ["", "/srv/apple", "/srv/apple"],
  ["deploy", "web", "deploy/web"],
  ["deploy", ".", "deploy"],
  ["/opt/x", "web", "/opt/x/web"],
  ["", "../50%", "../50%%"],
])("from the folder '%s', %s is %s", (base, path, wanted) => {
  expect(below({ root: "/srv/app", base }, path)).toBe(wanted);
});

test.each([
  ["delete temp cohorts", "delete-temp-cohorts"],
  ["api", "api-3"],
  ["all", "all-of-it"],
  ["-x-", "x"],
  ["ümlaut", "mlaut"],
  ["日本", "unit"],
])("%s is called %s", (text, name) => {
  expect(unitName(text, new Set(["api", "api-2"]))).toBe(name);
});

const set = (name: string) => ({ PORT: "5000", PAIR: "a b" })[name] ?? null;
test.each<[string, readonly string[] | null]>([
  ["a -p $PORT", ["a", "-p", "${PORT}"]],
  ['a "$PAIR"', ["a", "${PAIR}"]],
  ["a $PAIR", null],
  ["a $AWAY", null],
  ["a ${AWAY:-b}", ["a", "${AWAY:-b}"]],
  ["a 'b $c' \"d e\" f\\ g", ["a", "b $c", "d e", "f g"]],
  ["exec a", ["a"]],
  ["a 50% '${X}'", ["a", "50%%", "${LITERAL:-$}{X}"]],
  ...["a | b", "a; b", "a && b", "a > b", "a *.js", "cd x", "a `b`", "a $(b)", "a 'b", "~/a", "a # b"].map(
    (line): [string, null] => [line, null],
  ),
])("%s → %j", (line, words) => {
  expect(shellWords(line, set)?.words ?? null).toEqual(words);
});

test("a shell becomes the program where there is one program alone", () => {
  expect(shellCommand("run $A")).toEqual(["/bin/sh", "-c", "exec run $A"]);
  expect(shellCommand("cd x && run")).toEqual(["/bin/sh", "-c", "cd x && run"]);
  expect(shellCommand("A=1 run $B")).toEqual(["/bin/sh", "-c", "A=1 run $B"]);
});

test("quotes are taken away as a program without a shell does", () => {
  expect(quotedWords(`a 'b c' "d \\"e\\"" f\\ g ''`)).toEqual(["a", "b c", 'd "e"', "f g", ""]);
  expect(quotedWords("a 'b")).toBeNull();
});
