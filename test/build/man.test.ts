import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manPages } from "../../.ci/build/man.ts";
import { readMarkdown } from "../../.ci/build/markdown.ts";
import { escapeRoff, inline } from "../../.ci/build/roff.ts";
import { globalFlags } from "../../supervisor/cli/verb.ts";
import { shownVerbs, verbs } from "../../supervisor/cli/verbs.ts";
import { sections } from "../../supervisor/unit/schema.ts";
import { testWith } from "../support/test-with.ts";

const pages = manPages({ version: "1.2.3", date: "2026-11-22" });
const folder = mkdtempSync(join(tmpdir(), "man-"));
for (const [name, text] of pages) writeFileSync(join(folder, name), text);
afterAll(() => rmSync(folder, { recursive: true }));
const names = [...pages.keys()];
const tagged = (page: string) =>
  [...(pages.get(page) ?? "").matchAll(/^\.TP\n(.*)$/gm)].map(([, tag = ""]) => tag.replace(/\\f[BRI]/g, ""));

test("supervisor(1) tells every verb and every flag, and none that is hidden", () => {
  const tags = tagged("supervisor.1").map((tag) => tag.replaceAll("\\-", "-"));
  const verb = tags.filter((tag) => /^[a-z]/.test(tag)).map((tag) => tag.split(" ")[0]);
  expect(verb).toEqual(shownVerbs.map(({ name }) => name));
  expect(verbs.length).toBeGreaterThan(shownVerbs.length);
  const flags = [...shownVerbs.flatMap((each) => each.flags), ...globalFlags];
  const told = tags.flatMap((tag) => /--[a-z-]+/.exec(tag)?.[0] ?? []);
  expect(told).toEqual(flags.map(({ name }) => `--${name}`));
});

test("supervisor.toml(5) tells every key of the schema", () => {
  const told = new Set(tagged("supervisor.toml.5").flatMap((tag) => tag.split(", ")));
  const keys = Object.values(sections).flatMap((keyed) => Object.keys(keyed));
  expect(keys.length).toBeGreaterThan(80);
  expect(keys.filter((key) => !told.has(key))).toEqual([]);
});

describe.each(names)("%s", (name) => {
  testWith(["groff"], "groff finds nothing wrong", async () => {
    const argv = ["-K", "utf8", "-man", "-T", "utf8", "-ww", "-z", join(folder, name)];
    const { stderr, status } = spawnSync("groff", argv, { encoding: "utf8" });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  });

  testWith(["mandoc"], "mandoc finds nothing wrong", async () => {
    const { stdout, status } = spawnSync("mandoc", ["-T", "lint", "-W", "warning", join(folder, name)], {
      encoding: "utf8",
    });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });
});

test.each([
  ["`restart` and --flag, … and \\", "\\fBrestart\\fR and \\-\\-flag, ... and \\e"],
  ["see [the page](page.md), _only_ there ([why](why.md)).", "see the page, \\fIonly\\fR there."],
  [".profile is no request", "\\&.profile is no request"],
  ["snake_case_name stays", "snake_case_name stays"],
])("%s keeps its meaning", (markdown, roff) => {
  expect(inline(markdown)).toBe(roff);
});

test("a line that begins with a dot in a listing is no request", () => {
  expect(escapeRoff("a\n.so /etc/passwd\n")).toBe("a\n\\&.so /etc/passwd\n");
});

test("a page is taken apart into what it is made of", () => {
  const text =
    "# T\n\nOne\ntwo\n- a\n  b\n- c\n\n<!-- made -->\n\n| k | m |\n| - | - |\n| `a\\|b` | x |\n\n```sh\nrun\n```\n\n    shown\n";
  expect(readMarkdown(text)).toEqual([
    { tag: "heading", level: 1, text: "T" },
    { tag: "paragraph", text: "One two" },
    { tag: "item", text: "a b" },
    { tag: "item", text: "c" },
    { tag: "table", head: ["k", "m"], rows: [["`a|b`", "x"]] },
    { tag: "code", text: "run\n" },
    { tag: "code", text: "shown\n" },
  ]);
});
