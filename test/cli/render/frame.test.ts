import { expect, test } from "bun:test";
import { frame } from "../../../supervisor/cli/render/frame.ts";

test.each([
  ["a\nb\n", 5, "\x1b[Ha\x1b[K\nb\x1b[K\x1b[J"],
  ["a\nb\n", 2, "\x1b[Ha\x1b[K\nb\x1b[K\x1b[J"],
  ["a\nb\nc\n", 2, "\x1b[Ha\x1b[K\n… 2 more lines\x1b[K\x1b[J"],
  ["a\nb\n", 1, "\x1b[H… 2 more lines\x1b[K\x1b[J"],
])("%p on %d rows overwrites what was there, and never scrolls", (text, rows, expected) => {
  expect(frame(text, rows)).toBe(expected);
});
