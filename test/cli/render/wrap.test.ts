import { expect, test } from "bun:test";
import { wrap } from "../../../supervisor/cli/render/wrap.ts";

test("a sentence is broken between words, and no line is longer than the width", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrap("one two three", 13)).toEqual(["one two three"]);
  expect(wrap("one two three", Number.POSITIVE_INFINITY)).toEqual(["one two three"]);
  expect(wrap("immeasurably long", 5)).toEqual(["imme…", "long"]);
});

test("nothing is one empty line", () => {
  expect(wrap("", 10)).toEqual([""]);
});
