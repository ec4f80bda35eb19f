import { parseEnvironmentFile } from "../unit/environment-file.ts";
import { Draft, type Here, type Imported, place, type Remark, type Source, unitName } from "./draft.ts";
import { below, literal } from "./template.ts";
import { shellCommand, shellWords } from "./words.ts";

/**
 * Makes a unit of each process type of a Procfile, with the `.env` beside it and the ports that foreman gives.
 * Shape: "web: puma -p $PORT" → exec_start = ["puma", "-p", "${PORT}"], PORT = "5000"; the second type gets 5100.
 * Source: foreman's lib/foreman/procfile.rb and engine.rb; devcenter.heroku.com/articles/procfile for `release`.
 */
export function importProcfile({ file, text }: Source, here: Here): Imported {
  const dotEnv = readDotEnv(here);
  const remarks: Remark[] = [...dotEnv.remarks];
  const taken = new Set(here.taken);
  const drafts: Draft[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [, type, command] = ENTRY.exec(line) ?? [];
    if (type !== undefined && command !== undefined) {
      const draft = new Draft(unitName(type, taken), file);
      taken.add(draft.name);
      const port = basePort(dotEnv.values) + 100 * drafts.length;
      importType(draft, { type, command, line: index + 1, port: String(port) }, { here, dotEnv });
      drafts.push(draft);
    } else if (!/^\s*(?:#|$)/.test(line)) {
      const why = "is no `name: command`; foreman passes over it, too";
      remarks.push({ tag: "lost", at: place(file, line.trim().split(/[\s:]/)[0] ?? "", index + 1), why });
    }
  }
  return { drafts, remarks: [...remarks, ...drafts.flatMap((draft) => draft.remarks)] };
}

const ENTRY = /^([A-Za-z0-9_-]+):\s*(\S.*?)\s*$/;

type Type = Readonly<{ type: string; command: string; line: number; port: string }>;
type Beside = Readonly<{ here: Here; dotEnv: DotEnv }>;

function importType(draft: Draft, { type, command, line, port }: Type, { here, dotEnv }: Beside): void {
  const lookUp = (name: string): string | null => (name === "PORT" ? port : (dotEnv.values.get(name) ?? null));
  const found = shellWords(command, lookUp);
  draft.set("service", "exec_start", found?.words ?? shellCommand(command));
  if (here.base !== "") draft.set("service", "working_directory", below(here, "."));
  if (dotEnv.isReadable) draft.set("service", "environment_file", [`-${below(here, ".env")}`]);
  else for (const [name, value] of dotEnv.values) draft.variable(name, literal(value));
  if (type === "release") {
    draft.set("service", "type", "oneshot", "Heroku runs it once, before a release");
    draft.set("unit", "enabled", false, `supervisor start ${draft.name}`);
    draft.change(type, line, "runs once, when it is started by name: it is what Heroku runs before each release");
    return;
  }
  draft.variable("PORT", port);
  for (const [name, value] of Object.entries(found?.environment ?? {})) draft.variable(name, value);
  draft.set("service", "restart", "always");
  draft.set("service", "timeout_stop_sec", "5s", "foreman's");
}

type DotEnv = Readonly<{ values: ReadonlyMap<string, string>; isReadable: boolean; remarks: readonly Remark[] }>;

/**
 * Reads the `.env` for the port, and to see whether the service can read it by itself.
 * Why: systemd's syntax, which `environment_file` has, knows no `export`; such a file is copied into the units, and that is said.
 */
function readDotEnv({ base, dotEnv }: Here): DotEnv {
  if (dotEnv === null) return { values: new Map(), isReadable: false, remarks: [] };
  const file = base === "" ? ".env" : `${base}/.env`;
  const read = parseEnvironmentFile(file, dotEnv);
  const hasExport = /^\s*export\s/m.test(dotEnv);
  if (read.ok && !hasExport) return { values: new Map(read.value), isReadable: true, remarks: [] };
  const plain = dotEnv.replace(/^(\s*)export\s+/gm, "$1");
  const again = parseEnvironmentFile(file, plain);
  const kept = again.ok ? plain : withoutFaulty(plain, new Set(again.faults.map(({ at }) => at?.line ?? 0)));
  const lines = parseEnvironmentFile(file, kept);
  const why =
    "its values stand in the units now: systemd's syntax, in which `environment_file` is read, has no such line";
  const places = [...dotEnv.split("\n").entries()].filter(([, line]) => /^\s*export\s/.test(line));
  const changed: readonly Remark[] = places.slice(0, 1).map(([index]) => {
    return { tag: "changed", at: place(file, "export", index + 1), why };
  });
  const lost: readonly Remark[] = again.ok
    ? []
    : again.faults.map(({ message, at }) => ({ tag: "lost", at: place(file, ".env", at?.line), why: message }));
  return { values: new Map(lines.ok ? lines.value : []), isReadable: false, remarks: [...changed, ...lost] };
}

function withoutFaulty(text: string, lines: ReadonlySet<number>): string {
  return text
    .split("\n")
    .map((line, index) => (lines.has(index + 1) ? "" : line))
    .join("\n");
}

/** Source: foreman's engine.rb: --port, else PORT of the .env, else 5000. */
function basePort(values: ReadonlyMap<string, string>): number {
  const port = Number(values.get("PORT") ?? "");
  return Number.isInteger(port) && port > 0 && port < 65_000 ? port : 5000;
}
