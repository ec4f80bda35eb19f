import { expect, test } from "bun:test";
import { LastLine } from "../../supervisor/health/last-line.ts";

test.each([
  [[""], ""],
  [["a\nb\n"], "b"],
  [["a\n", "\n  \n"], "a"],
  [["no dat", "abase"], "no database"],
  [["a\r\nb\r\n"], "b"],
  [["\x1b[2J\x07bell\n"], "[2J bell"],
  [["x".repeat(5000)], "x".repeat(200)],
  [["first\n", "y".repeat(1024), "\nlast"], "last"],
  [["ä".repeat(600), "\n€"], "€"],
])("of %j the last line is %j", (chunks, text) => {
  const line = new LastLine();
  for (const chunk of chunks) line.take(new TextEncoder().encode(chunk));
  expect(line.text()).toBe(text);
});

test("what is remembered is a copy: the reader's buffer is used again", () => {
  const line = new LastLine();
  const buffer = new TextEncoder().encode("kept");
  line.take(buffer);
  buffer.fill(0);
  expect(line.text()).toBe("kept");
});
