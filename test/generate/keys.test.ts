import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { sections } from "../../supervisor/unit/schema.ts";
import { codes, readPage } from "../docs/page.ts";
import { fateOf, kinds, VALUES } from "./every-key.ts";

setDefaultTimeout(60_000);

const keysOf = (of: Readonly<Record<string, object>>) =>
  Object.entries(of).flatMap(([section, inner]) =>
    Object.keys(inner).map((key) => ({ section, key, name: `${section}.${key}` })),
  );
const all = keysOf(sections);

test("there is a value to try for every key of the schema", () => {
  const names = (of: ReturnType<typeof keysOf>) => of.map(({ name }) => name).sort();
  expect(names(keysOf(VALUES))).toEqual(names(all));
});

describe.each(kinds)("generate %s", (_, generate) => {
  test.each(all)("$name is written, or told to be lost", ({ section, key }) => {
    const { isWritten, isTold } = fateOf(generate, section, key);
    expect(isWritten || isTold).toBe(true);
  });
});

describe("docs/kubernetes.md", () => {
  const rows = readPage("kubernetes").rows.filter(({ head, cells }) => head === "key" && cells.length === 3);
  const limits = all.map(({ name }) => name).filter((name) => name.startsWith("service.limit_"));
  const said = rows.flatMap(({ cells: [keys = "", ...fates] }) =>
    codes(keys)
      .flatMap((name) => (name === "service.limit_*" ? limits : [name]))
      .map((name) => ({ name, fates })),
  );

  test("names every key, once", () => {
    expect(said.map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
  });

  test.each(kinds.slice(0, 2).map(([kind, generate], column) => ({ kind, generate, column })))(
    "says of each key what becomes of it in $kind",
    ({ generate, column }) => {
      for (const { section, key, name } of all) {
        const fate = said.find((each) => each.name === name)?.fates[column] ?? "";
        const { isWritten, isTold } = fateOf(generate, section, key);
        const isLost = /^lost/.test(fate);
        expect({ name, isLost, fits: isLost ? isTold : isWritten }).toEqual({
          name,
          isLost,
          fits: true,
        });
      }
    },
  );
});
