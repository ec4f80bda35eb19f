import type { Document, Path } from "./document.ts";
import { Draft, type Here, type Imported, place, type Remark, unitName } from "./draft.ts";
import { type App, canonical } from "./pm2/app.ts";
import { importEnvironment } from "./pm2/environment.ts";
import { importLife } from "./pm2/life.ts";
import { importProgram } from "./pm2/program.ts";
import { loseRest } from "./pm2/rest.ts";
import { mapOf, textOf } from "./raw.ts";

/** The file as it was read, or as the program that it is told. */
export type Pm2File = Document & Readonly<{ file: string }>;

/**
 * Makes units of a pm2 ecosystem file.
 * Shape: `{ apps: [{ name: "api", script: "server.js" }] }`, also a list of apps, or one app alone.
 * Source: pm2's lib/API/schema.json, lib/Common.js and lib/God.js, 7.0.
 */
export function importPm2(source: Pm2File, here: Here): Imported {
  const { file, value, lineOf } = source;
  const { apps, key } = appsOf(value);
  const taken = new Set(here.taken);
  const drafts: Draft[] = [];
  const remarks: Remark[] = [];
  for (const { raw, path } of apps) {
    const draft = importApp(raw, { file, path, lineOf }, { ...here, taken });
    if (draft === null) {
      remarks.push({ tag: "lost", at: place(file, path.join("."), lineOf(path)), why: "no unit: it has no `script`" });
      continue;
    }
    taken.add(draft.name);
    drafts.push(draft);
  }
  for (const name of key === null ? [] : Object.keys(mapOf(value)).filter((each) => each !== key)) {
    remarks.push({ tag: "lost", at: place(file, name, lineOf([name])), why: LOST_ABOVE[name] ?? "is no list of apps" });
  }
  return { drafts, remarks: [...remarks, ...drafts.flatMap((draft) => draft.remarks)] };
}

const LOST_ABOVE: Readonly<Record<string, string>> = {
  deploy: "how pm2 copies a project to other machines; nothing here does that",
  static: "nothing here serves files by itself: run a program that does",
};

type Found = Readonly<{ raw: unknown; path: Path }>;

/** The apps, wherever pm2 looks for them; `key` names the list when the file is a map with one. Source: lib/API.js, _startJson. */
function appsOf(value: unknown): Readonly<{ apps: readonly Found[]; key: string | null }> {
  const root = mapOf(value);
  const key = Array.isArray(value) ? null : (["apps", "pm2"].find((name) => typeof root[name] === "object") ?? null);
  const found: unknown = key === null ? value : root[key];
  const above: Path = key === null ? [] : [key];
  if (!Array.isArray(found)) return { apps: [{ raw: found, path: above }], key };
  return { apps: found.map((raw, index) => ({ raw, path: [...above, index] })), key };
}

type At = Readonly<{ file: string; path: Path; lineOf: Document["lineOf"] }>;

function importApp(raw: unknown, { file, path, lineOf }: At, here: Here): Draft | null {
  const values = canonical(mapOf(raw));
  const script = textOf(values.get("script")?.value) ?? "";
  const name = textOf(values.get("name")?.value) ?? (script.split("/").at(-1) ?? "").replace(/\.[^.]*$/, "");
  const draft = new Draft(unitName(name, here.taken), file);
  const app: App = { draft, values, here, lineOf: (inner) => lineOf([...path, inner]) };
  if (draft.name !== name) draft.change("name", app.lineOf("name"), `"${name}" is called ${draft.name} here`);
  if (!importProgram(app)) return null;
  importLife(app);
  importEnvironment(app);
  loseRest(app);
  return draft;
}
