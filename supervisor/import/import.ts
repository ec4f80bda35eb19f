import { type Outcome, ok } from "../unit/fault.ts";
import { importCompose } from "./compose.ts";
import { type Document, readDocument } from "./document.ts";
import type { Here, Imported, Source } from "./draft.ts";
import type { Kind } from "./kind.ts";
import { importPm2 } from "./pm2.ts";
import { importProcfile } from "./procfile.ts";
import { importPup } from "./pup.ts";
import { linesBySight } from "./sight.ts";
import { importSupervisord } from "./supervisord.ts";
import { importSystemd } from "./systemd.ts";

/** A file with all that belongs to it. */
export type Bundle = Readonly<{
  kind: Kind;
  main: Source;
  /** Files that the main one goes with: drop-ins and sockets of a service, what an `[include]` names. */
  beside: readonly Source[];
  /** What a pm2 file that is a program exports. */
  exported?: unknown;
}>;

/**
 * Makes units of a file.
 * Errors: unit-invalid for a file that is not what its kind has, with file and line.
 */
export function importFile({ kind, main, beside, exported }: Bundle, here: Here): Outcome<Imported> {
  switch (kind) {
    case "procfile":
      return ok(importProcfile(main, here));
    case "compose":
      return fromDocument(main, "yaml", (file) => importCompose(file, here));
    case "systemd":
      return ok(importSystemd(main, beside, here));
    case "supervisord":
      return ok(importSupervisord(main, beside, here));
    case "pup":
      return fromDocument(main, "json", (file) => importPup(file, here));
    case "pm2":
      return exported === undefined
        ? fromDocument(main, /\.ya?ml$/.test(main.file) ? "yaml" : "json", (file) => importPm2(file, here))
        : ok(importPm2({ file: main.file, value: exported, lineOf: linesBySight(main.text, exported) }, here));
  }
}

function fromDocument(
  source: Source,
  style: "yaml" | "json",
  use: (document: Document & Readonly<{ file: string }>) => Imported,
): Outcome<Imported> {
  const read = readDocument(source, style);
  return read.ok ? ok(use({ file: source.file, ...read.value })) : read;
}
