import { expect, test } from "bun:test";
import { configSchema, isLive } from "../../config/schema.ts";
import { schemas } from "../../supervisor/control/schema.ts";
import { reaches } from "../../supervisor/unit/reach.ts";
import { codes, readPage } from "./page.ts";

const { rows } = readPage("config-reload");

test("the page of the reload names every key of a unit file, once, with its reach", () => {
  const documented = rows
    .filter(({ head }) => head === "reach")
    .flatMap(({ cells: [reach = "", section = "", keys = ""] }) => {
      const [name = ""] = codes(section);
      const path = name.slice(1, -1).replace("NAME", "*");
      return codes(keys).map((key) => `${path}.${key} ${codes(reach)[0]}`);
    });
  const real = Object.entries(reaches).flatMap(([section, table]) =>
    Object.entries(table).map(([key, { reach }]) => `${section}.${key} ${reach}`),
  );
  expect(documented.sort()).toEqual(real.sort());
});

test("the page of the reload names every setting that is live", () => {
  const documented = rows
    .filter(({ head }) => head === "section")
    .flatMap(({ cells: [section = "", keys = ""] }) =>
      codes(keys).map((key) => `${codes(section)[0]?.slice(1, -1)}.${key}`),
    );
  const real = Object.entries(configSchema.shape).flatMap(([section, reader]) =>
    Object.keys(reader.unwrap().shape).map((key) => `${section}.${key}`),
  );
  expect(documented.sort()).toEqual(real.filter(isLive).sort());
});

test("the page of the reload names every action of a plan", () => {
  const actions = rows.filter(({ head }) => head === "action").map(({ cells: [action = ""] }) => codes(action)[0]);
  expect(actions).toEqual([...schemas.Plan.shape.units.element.shape.action.options]);
});
