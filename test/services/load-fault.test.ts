import { expect, test } from "bun:test";
import { loadFault } from "../../services/modules/load-fault.ts";

const bun = (message: string, position: object | null) =>
  Object.assign(new Error(message), { position, stack: undefined });
const thrown = (message: string, stack: string) => Object.assign(new Error(message), { stack });
const ESC = "\u001b";

test.each([
  [
    "Bun, a syntax error",
    bun("Unterminated string literal", { file: "/s/api/app.ts", line: 3, column: 30 }),
    "/s/api/app.ts:3:30: Unterminated string literal",
  ],
  ["Bun, a file that is missing", bun('ENOENT reading "/s/api/a.ts"', null), 'ENOENT reading "/s/api/a.ts"'],
  [
    "Bun, an export that is missing",
    bun("Export named 'a' not found in module '/s/api/app.ts?copy=6'.", null),
    "Export named 'a' not found in module '/s/api/app.ts'.",
  ],
  [
    "Bun, what a file throws",
    thrown("no good", "Error: no good\n    at /s/api/app.ts:6:11"),
    "/s/api/app.ts:6:11: no good",
  ],
  [
    "Deno, a syntax error",
    thrown("SyntaxError: Unterminated\n  |\n3 | a\n    at file:///s/api/app.ts?copy=2:3:30\n    at x", "TypeError: …"),
    "/s/api/app.ts:3:30: SyntaxError: Unterminated",
  ],
  [
    "Deno, a file that is missing",
    thrown(
      `Module not found "file:///s/a.ts?copy=7".\n    at ${ESC}[0m${ESC}[36mfile:///s/b.ts?copy=7${ESC}[0m:${ESC}[33m1${ESC}[0m:${ESC}[33m26${ESC}[0m`,
      "",
    ),
    '/s/b.ts:1:26: Module not found "file:///s/a.ts".',
  ],
  ["no error at all", "just words", "just words"],
  ["nothing", undefined, "undefined"],
])("%s is told in one line, with its place if there is one", (_what, error, words) => {
  expect(loadFault(error).message).toBe(words);
});
