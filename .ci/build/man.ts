import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Flag, globalFlags, type Verb } from "../../supervisor/cli/verb.ts";
import { shownVerbs } from "../../supervisor/cli/verbs.ts";
import { type Block, readMarkdown } from "./markdown.ts";
import { bold, entry, escapeRoff, inline, italic, renderBlock, section } from "./roff.ts";
import { project } from "./run.ts";

/** `date`: of the build. Shape: `{ version: "0.1.0", date: "2026-11-22" }`. */
export type Edition = Readonly<{ version: string; date: string }>;

/**
 * The manual pages, by their file names. `supervisor.1` is made of the table that the command line is read with,
 * `supervisor.toml.5` of the page on unit files, whose tables are made of the schema. Source: man(7), man-pages(7).
 */
export function manPages(edition: Edition): ReadonlyMap<string, string> {
  return new Map([
    ["supervisor.1", tidy(commandPage(edition))],
    ["supervisor.toml.5", tidy(unitPage(edition))],
  ]);
}

/** A heading begins a paragraph by itself. */
const tidy = (page: string): string => page.replace(/^(\.S[HS] .*\n)\.PP\n/gm, "$1");

function commandPage(edition: Edition): string {
  const page = readPage("command-line");
  return [
    header("supervisor", 1, edition),
    section("Name"),
    "supervisor \\- process manager that restarts services without one failed request\n",
    section("Synopsis"),
    `.B supervisor\n[${italic("FLAGS")}] ${italic("VERB")} [${italic("UNIT")}...]\n`,
    section("Description"),
    ...introduction(page).map(renderBlock),
    section("Verbs"),
    ...shownVerbs.map(verbEntry),
    section("Flags of every verb"),
    ...globalFlags.map(flagEntry),
    ...["Exit codes", "Signals to the supervisor"].flatMap((title) => sectionOf(page, title).map(renderBlock)),
    section("See also"),
    `${bold("supervisor.toml")}(5), ${bold("systemctl")}(1), ${bold("sd_notify")}(3)\n`,
  ].join("");
}

function unitPage(edition: Edition): string {
  const page = readPage("unit-file");
  const rest = page.slice(page.findIndex(({ tag }, index) => tag === "heading" && index > 0));
  return [
    header("supervisor.toml", 5, edition),
    section("Name"),
    "supervisor.toml \\- unit files of supervisor\n",
    section("Synopsis"),
    `${bold("units/")}${italic("NAME")}${bold(".toml")}\n`,
    section("Description"),
    ...introduction(page).map(renderBlock),
    ...rest.map(renderBlock),
    section("See also"),
    `${bold("supervisor")}(1), ${bold("systemd.service")}(5), ${bold("systemd.exec")}(5)\n`,
  ].join("");
}

const header = (name: string, chapter: number, { version, date }: Edition): string =>
  `.TH ${escapeRoff(name.toUpperCase())} ${chapter} ${date} "supervisor ${version}"\n.nh\n.ad l\n`;

function verbEntry({ name, operands, summary, flags }: Verb): string {
  const tag = [bold(name), escapeRoff(operands)].join(" ").trimEnd();
  const own = flags.length === 0 ? "" : `.RS\n${flags.map(flagEntry).join("")}.RE\n`;
  return `${entry(tag, inline(summary))}${own}`;
}

function flagEntry({ name, short, value, summary }: Flag): string {
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${name}`].map(bold).join(", ");
  return entry(value === undefined ? names : `${names} ${italic(value)}`, inline(summary));
}

function readPage(name: string): readonly Block[] {
  return readMarkdown(readFileSync(join(project, "docs", `${name}.md`), "utf8"));
}

/** What stands between the title and the first section; of a usage the page has its own. */
function introduction(page: readonly Block[]): readonly Block[] {
  const end = page.findIndex((block) => block.tag === "heading" && block.level === 2);
  return page.slice(1, end).filter(({ tag }) => tag !== "code");
}

/** A section with its heading. */
function sectionOf(page: readonly Block[], title: string): readonly Block[] {
  const start = page.findIndex((block) => block.tag === "heading" && block.text === title);
  if (start < 0) throw new Error(`docs: no section '${title}'`);
  const end = page.findIndex((block, index) => index > start && block.tag === "heading" && block.level === 2);
  return page.slice(start, end < 0 ? undefined : end);
}
