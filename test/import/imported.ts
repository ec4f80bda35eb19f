import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import type { Here, Source } from "../../supervisor/import/draft.ts";
import { type Bundle, importFile } from "../../supervisor/import/import.ts";
import { unitText } from "../../supervisor/import/toml.ts";
import { faultLine } from "../../supervisor/unit/fault.ts";
import { readUnits } from "../../supervisor/unit/set.ts";

/** What came of a file: each unit as its file says it, and the report, a line each. */
export type Outcome = Readonly<{
  // biome-ignore lint/suspicious/noExplicitAny: whatever a unit file may hold, as the test asks for it.
  units: Readonly<Record<string, any>>;
  texts: Readonly<Record<string, string>>;
  lost: readonly string[];
  changed: readonly string[];
}>;

const HERE: Here = {
  root: "/srv/shop",
  base: "",
  cores: 4,
  units: new Set(),
  taken: new Set(),
  env: null,
  dotEnv: null,
};

/** A file of `fixtures`, under its own name; ".txt" keeps what is no JSON from those who check JSON. */
export function fixture(path: string): Source {
  const text = readFileSync(join(import.meta.dirname, "fixtures", path), "utf8");
  return { file: (path.split("/").at(-1) ?? path).replace(/\.txt$/, ""), text };
}

/** Imports a file as if it lay in the root /srv/shop. Errors: throws when it is refused, or when `check` would refuse what came of it. */
export function imported(bundle: Omit<Bundle, "beside"> & Partial<Bundle>, here: Partial<Here> = {}): Outcome {
  const read = importFile({ beside: [], ...bundle }, { ...HERE, ...here });
  if (!read.ok) throw new Error(read.faults.map(faultLine).join("\n"));
  const { drafts, remarks } = read.value;
  const texts = Object.fromEntries(drafts.map((draft) => [draft.name, unitText(draft)]));
  const checked = readUnits(Object.entries(texts).map(([name, text]) => ({ name, file: `${name}.toml`, text })));
  if (!checked.ok) throw new Error(`${checked.faults.map(faultLine).join("\n")}\n${JSON.stringify(texts, null, 2)}`);
  const said = (tag: "lost" | "changed") =>
    remarks.filter((remark) => remark.tag === tag).map(({ at }) => `${at.file}:${at.line ?? "?"} ${at.key}`);
  return {
    units: Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, parse(text)])),
    texts,
    lost: said("lost"),
    changed: said("changed"),
  };
}
