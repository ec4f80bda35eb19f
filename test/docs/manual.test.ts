import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArguments } from "../../supervisor/cli/arguments.ts";
import { faultLine } from "../../supervisor/unit/fault.ts";
import { parseUnit } from "../../supervisor/unit/parse.ts";
import { codes, docsFolder, pageNames, readPage } from "./page.ts";

const pages = ["", "recipes", "monitoring"].flatMap(pageNames).map(readPage);

test.each([
  ["", ["monitoring/README", "recipes/README"]],
  ["recipes", []],
])("the index of docs/%s has one line for each page", (folder, more) => {
  const index = join(folder, "README");
  const listed = readPage(index).rows.map(({ cells: [link = ""] }) => /\((.*)\.md\)/.exec(link)?.[1] ?? "");
  const names = pageNames(folder).filter((name) => name !== index);
  expect(listed.map((name) => join(folder, name)).toSorted()).toEqual([...names, ...more].sort());
});

test("every link leads to a file", () => {
  for (const { name, text } of pages) {
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = ""]) => link);
    expect({ name, dead: links.filter((link) => !existsSync(join(docsFolder, dirname(name), link))) }).toEqual({
      name,
      dead: [],
    });
  }
});

test("every command that a page shows is one that the command line takes", () => {
  for (const { name, blocks, text } of pages) {
    const shown = blocks.filter(({ language }) => language === "sh").flatMap((block) => block.text.split("\n"));
    const indented = text.split("\n").filter((line) => /^ {4}supervisor [a-z]/.test(line));
    const inline = codes(text.replaceAll(/^```.*?^```/gms, "")).filter((code) => /^supervisor [a-z-]+( |$)/.test(code));
    const lines = [...shown, ...indented, ...inline].filter((line) => line.trim().startsWith("supervisor "));
    for (const line of lines) {
      const [command = ""] = line.trim().split(/ (?:\|\||&&|#) /);
      const parsed = parseArguments(command.split(" ").slice(1), {});
      expect({ name, command, tag: parsed.tag }).toEqual({ name, command, tag: "run" });
    }
  }
});

test("every unit file that a page shows is without a fault", () => {
  for (const { name, blocks } of pages) {
    for (const { text } of blocks.filter(({ language }) => language === "toml")) {
      const read = parseUnit("shown", `${name}.md`, text);
      expect(read.ok ? [] : read.faults.map(faultLine)).toEqual([]);
    }
  }
});

test("the pages speak the contract's words", () => {
  for (const { name, text } of pages)
    expect({ name, found: /hot swap|\bTODO\b|coming soon/i.test(text) }).toEqual({ name, found: false });
});
