import { expect, test } from "bun:test";
import { parse } from "smol-toml";
import { sections } from "../../supervisor/unit/schema.ts";
import { codes, readPage } from "./page.ts";

const rows = readPage("unit-file").rows.filter(({ head }) => head === "key");
type Reader = Readonly<{ safeParse(raw: unknown): Readonly<{ success: boolean; data?: unknown }> }>;
const readers: Readonly<Record<string, Readonly<Record<string, Reader>>>> = sections;

/** Shape: "`[socket.NAME]`" → "socket.*", "`[service]`: its life" → "service". */
function sectionOf(heading: string): string {
  const [first = ""] = codes(heading);
  const [top = "", inner] = first.slice(1, -1).split(".");
  return inner === undefined ? top : `${top}.*`;
}

const documented = rows.flatMap(({ section, cells: [keys = "", fallback = ""] }) =>
  codes(keys).map((key) => ({ section: sectionOf(section), key, fallback })),
);

test("the unit file's page names every key, once and in its section", () => {
  const keys = Object.entries(sections).flatMap(([section, keyed]) =>
    Object.keys(keyed).map((key) => `${section}.${key}`),
  );
  expect(documented.map(({ section, key }) => `${section}.${key}`).sort()).toEqual(keys.sort());
});

test("the unit file's page gives each key's default as a file would write it", () => {
  for (const { section, key, fallback } of documented) {
    const reader = readers[section]?.[key];
    const unset = reader?.safeParse(undefined).data ?? null;
    const [literal] = codes(fallback);
    const said = literal === undefined ? null : reader?.safeParse(parse(`value = ${literal}`).value);
    expect({ key, value: said === null ? null : said?.data }).toEqual({ key, value: unset });
  }
});
