// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { parseEnvironmentFile } from "../../supervisor/unit/environment-file.ts";
import { faultsOf } from "./sample.ts";

/**
 * Source: what load_env_file of systemd 252 made of each text. Two exceptions: it keeps the CR of "\r\n" within quotes,
 * and drops the earlier of two equal names itself.
 */
const files: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
  [
    "plain lines",
    "A=1\nB=two words\n",
    [
      ["A", "1"],
      ["B", "two words"],
    ],
  ],
  ["comments with # and ;", "# A=1\n ; B=2\nC=3 # stays\n", [["C", "3 # stays"]]],
  ["white space around names and values", "  A = 1 \t\n", [["A", "1"]]],
  ["double quotes", 'A=" x  y "\n', [["A", " x  y "]]],
  ["single quotes", "A='x \"\\n y'\n", [["A", 'x "\\n y']]],
  ["escapes in double quotes", 'A="\\"\\\\\\$\\`\\n"\n', [["A", '"\\$`\\n']]],
  [
    "quotes over lines",
    "A=\"1\n2\"\nB='3\n4'\n",
    [
      ["A", "1\n2"],
      ["B", "3\n4"],
    ],
  ],
  [
    "a continued line",
    "A=1\\\n2\nB=3\n",
    [
      ["A", "12"],
      ["B", "3"],
    ],
  ],
  ["a continued line in quotes", 'A="1\\\n2"\n', [["A", "12"]]],
  ["a backslash before a letter", "A=\\x\\ \n", [["A", "x "]]],
  ["pieces", "A='a b'\"c\"d'e'\n", [["A", "a bcd'e'"]]],
  ["quotes inside of a bare value", "A=it's\n", [["A", "it's"]]],
  [
    "empty values",
    "A=\nB=''\n",
    [
      ["A", ""],
      ["B", ""],
    ],
  ],
  ["an equals sign in a value", "A=b=c==\n", [["A", "b=c=="]]],
  ["no expansion", "A=${B} $C %n\n", [["A", "${B} $C %n"]]],
  [
    "line ends of Windows",
    "A=1\r\nB='2\r\n3'\r\n",
    [
      ["A", "1"],
      ["B", "2\n3"],
    ],
  ],
  ["no line end at the end", "A=1", [["A", "1"]]],
  ["a quote that does not end", 'A="1\nB=2', [["A", "1\nB=2"]]],
  ["a backslash at the very end", "A=1\\", [["A", "1"]]],
  [
    "the same name twice",
    "A=1\nA=2\n",
    [
      ["A", "1"],
      ["A", "2"],
    ],
  ],
  ["a bare piece behind quotes", 'A="a" b\n', [["A", "ab"]]],
  ["two quoted pieces", 'A="a" "b"\n', [["A", "ab"]]],
  [
    "white space behind a continued line",
    "A= \\\n b\nB=a \\\n",
    [
      ["A", " b"],
      ["B", "a "],
    ],
  ],
  ["quotes and a continued line", "A='a'\\\nb\n", [["A", "ab"]]],
  ["nothing", "", []],
];

for (const [what, text, variables] of files) {
  test(`${what} are read as systemd reads them`, () => {
    expect(parseEnvironmentFile(".env", text)).toEqual({ ok: true, value: variables });
  });
}

test("a line that sets nothing is a fault with its number, and never with what it holds", () => {
  const faults = faultsOf(parseEnvironmentFile(".env", "A=1\n\nSECRET\nexport B=2\n1C=SECRET\nD='\n'\nnone\n"));
  expect(faults.map((fault) => fault.at)).toEqual([3, 4, 5, 8].map((line) => ({ file: ".env", line })));
  expect(JSON.stringify(faults)).not.toContain("SECRET");
});

test("a large file that is no environment file is refused in no time", () => {
  const before = performance.now();
  expect(faultsOf(parseEnvironmentFile(".env", "x\n".repeat(50_000)))).toHaveLength(50_000);
  expect(performance.now() - before).toBeLessThan(2000);
});
