import { expect, test } from "bun:test";
import { parse, parseAllDocuments } from "yaml";
import { type Yaml, type YamlMap, yaml, yamlDocuments } from "../../supervisor/generate/yaml.ts";

/** As kubectl and Docker read it, and as the newer standard has it. */
const versions = ["1.1", "1.2"] as const;

const TRICKY = [
  ...[
    "",
    " ",
    "a",
    "a b",
    "yes",
    "No",
    "on",
    "y",
    "null",
    "~",
    "true",
    "0x10",
    "1e3",
    "1_000",
    "010",
    "12:30:45",
    "2026-11-22",
    ".inf",
    "=",
    "<<",
  ],
  ...[
    "- a",
    "a: b",
    "a #b",
    "# a",
    "{a}",
    "[a]",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "'a'",
    '"a"',
    "a\\b",
    "a:",
    ":a",
    "---",
    "...",
  ],
  ...[
    "a\nb",
    "a\nb\n",
    "a\n\nb\n",
    " a\nb\n",
    "a \nb\n",
    "a\n  b\n",
    "\na\n",
    "a\n\n",
    "a\tb\n",
    "\ta\nb\n",
    "a\r\nb\n",
    "#a\nb\n",
    "---\na\n",
    "a\n...\n",
  ],
  ...[
    "\u0000",
    "\u007f",
    "\u0085",
    "\u00a0",
    "\u2028",
    "\ufeff",
    "\ud83d\ude00",
    "äöü",
    "a\u2029b\n",
    "$(A)",
    "$$",
    "\u001b[0m",
  ],
];

test.each(versions)("a reader of YAML %s reads the text that was written, as a value and as a key", (version) => {
  for (const text of TRICKY) {
    const value = { a: text, b: [text, { c: text }], [text]: { [text]: 1 } };
    expect(parse(yaml(value), { version })).toEqual(value);
  }
});

test("no character is written as it is that some reader takes for a line break, or for none", () => {
  for (const text of TRICKY)
    expect(yaml({ a: text, [text]: 1 })).not.toMatch(/[^\n -~\u00a0-\u{10ffff}]|[\u2028\u2029\ufeff]/u);
});

/** Whole numbers from a seed, each below `limit`. */
function* numbers(seed: number): Generator<(limit: number) => number> {
  let state = seed;
  for (;;) {
    yield (limit) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % limit;
    };
  }
}

function anything(below: (limit: number) => number, depth: number): Yaml {
  const list = () => Array.from({ length: below(4) }, () => anything(below, depth - 1));
  switch (below(depth > 0 ? 6 : 4)) {
    case 0:
      return below(2) === 0;
    case 1:
      return below(2_000) - 1_000;
    case 2:
    case 3:
      return Array.from({ length: 1 + below(2) }, () => TRICKY[below(TRICKY.length)] ?? "").join("");
    case 4:
      return list();
    default:
      return map(below, depth);
  }
}

function map(below: (limit: number) => number, depth: number): YamlMap {
  return Object.fromEntries(
    Array.from({ length: below(4) }, () => [TRICKY[below(TRICKY.length)] ?? "", anything(below, depth - 1)]),
  );
}

test("whatever is written is read again, however it is nested", () => {
  const [below] = numbers(7);
  for (let count = 0; below && count < 150; count += 1) {
    const value = map(below, 4);
    for (const version of versions) expect(parse(yaml(value), { version })).toEqual(value);
  }
});

test("several documents are several, and what is undefined is left out", () => {
  const text = yamlDocuments([{ a: 1, b: undefined }, { c: [] }]);
  expect(parseAllDocuments(text).map((each) => each.toJS())).toEqual([{ a: 1 }, { c: [] }]);
});
