import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "smol-toml";
import { configSchema } from "../../config/schema.ts";
import { parseArguments } from "../../supervisor/cli/arguments.ts";
import { faultLine } from "../../supervisor/unit/fault.ts";
import { parseUnit } from "../../supervisor/unit/parse.ts";
import { codes, docsFolder, pageNames, readPage } from "./page.ts";
import { commandsOf, pages } from "./shown.ts";

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
  for (const page of pages) {
    const { name, text } = page;
    const inline = codes(text.replaceAll(/^```.*?^```/gms, ""));
    const lines = [...commandsOf(page), ...inline].map((line) => line.replace(/^npx /, ""));
    for (const line of lines.filter((each) => /^supervisor [a-z-]+( |$)/.test(each))) {
      const [command = ""] = line.split(/ (?:\|\||&&|\||>) /);
      const parsed = parseArguments(command.split(" ").slice(1), {});
      expect({ name, command, tag: parsed.tag }).toEqual({ name, command, tag: "run" });
    }
  }
});

test("every unit file and every setting that a page shows is without a fault", () => {
  for (const { name, blocks } of pages)
    for (const { text } of blocks.filter(({ language }) => language === "toml"))
      expect(faultsOf(`${name}.md`, text)).toEqual([]);
});

/** The faults of TOML as it would stand in `config/`, if all its sections are there, else in `units/`. */
function faultsOf(file: string, text: string): readonly string[] {
  const values = parse(text);
  if (Object.keys(values).every((section) => section in configSchema.shape))
    return (
      configSchema
        .safeParse(values)
        .error?.issues.map((issue) => `${file}: ${issue.path.join(".")}: ${issue.message}`) ?? []
    );
  const read = parseUnit("shown", file, text);
  return read.ok ? [] : read.faults.map(faultLine);
}

test("no picture has a semicolon, which Mermaid takes for the end of a statement, so that nothing is drawn", () => {
  const pictures = pages.flatMap(({ blocks }) => blocks.filter(({ language }) => language === "mermaid"));
  expect(pictures.length).toBeGreaterThan(0);
  expect(pictures.filter(({ text }) => text.includes(";"))).toEqual([]);
});

test("the pages speak the contract's words", () => {
  for (const { name, text } of pages)
    expect({ name, found: /hot swap|\bTODO\b|coming soon/i.test(text) }).toEqual({ name, found: false });
});
