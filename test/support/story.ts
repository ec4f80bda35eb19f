import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Happening } from "../../supervisor/daemon/ports.ts";
import type { Daemon } from "./daemon.ts";
import type { RootOrder } from "./root.ts";

/**
 * A scenario that lies in a folder: what its root holds (`units/` and any other files), the script that is run beside the
 * daemon, and what the daemon's events are to be in the end, unit by unit.
 * Shape of a line in journal.txt: `api@1 service.failed exited with code 3`.
 */
export type Story = Readonly<{
  name: string;
  /** Programs that the machine must have, from the script's first line. Shape: `# needs: redis-server` */
  needs: readonly string[];
  script: string;
  journal: readonly string[];
  root: Pick<RootOrder, "units" | "files">;
}>;

const OWN = ["script.sh", "journal.txt"];

export function readStory(folder: string, name: string): Story {
  const path = join(folder, name);
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map((entry) => {
    const full = join(entry.parentPath, entry.name);
    return [full.slice(path.length + 1), readFileSync(full, "utf8")] as const;
  });
  const inUnits = ([file]: readonly [string, string]): boolean => file.startsWith("units/");
  const script = join(path, "script.sh");
  const [, needs = ""] = /^# needs: (.*)$/m.exec(readFileSync(script, "utf8")) ?? [];
  return {
    name,
    needs: needs.split(" ").filter((program) => program !== ""),
    script,
    journal: linesOf(readFileSync(join(path, "journal.txt"), "utf8")),
    root: {
      units: Object.fromEntries(texts.filter(inUnits).map(([file, text]) => [file.slice("units/".length), text])),
      files: Object.fromEntries(texts.filter((each) => !inUnits(each) && !OWN.includes(each[0]))),
    },
  };
}

/** What a bash needs to run the script: the prelude is read first. */
export function scriptOf({
  script,
}: Story): Readonly<{ argv: readonly string[]; env: Readonly<Record<string, string>> }> {
  const prelude = fileURLToPath(new URL("./story.sh", import.meta.url));
  const bin = fileURLToPath(new URL("../../supervisor/bin.sh", import.meta.url));
  const field = fileURLToPath(new URL("./field.mjs", import.meta.url));
  const env = { SUPERVISOR_BIN: bin, STORY_FIELD: field };
  return { argv: ["bash", "-eu", "-c", `. ${prelude}; . ${script}`], env };
}

/** The events of each unit, in order; those of different units may fall in any order, so they are sorted by unit. */
export async function journalOf(daemon: Daemon): Promise<readonly string[]> {
  const { stdout } = await daemon.cli("events", "--json");
  const happenings = linesOf(stdout).map((line) => JSON.parse(line) as Happening);
  const told = happenings.filter(({ unit, event }) => unit !== null && !QUIET.includes(event));
  const lines = told.map(({ unit, instance, event, why }) => ({
    who: instance === null ? `${unit}` : `${unit}@${instance}`,
    text: why === null ? event : `${event} ${steady(why)}`,
  }));
  const names = [...new Set(lines.map(({ who }) => who))].sort();
  return names.flatMap((name) => lines.filter(({ who }) => who === name).map(({ who, text }) => `${who} ${text}`));
}

/** The first is told by others as well, the second is told of whoever is a moment later to go than the main process. */
const QUIET = ["service.exited", "service.survivors"];

/** Numbers that differ from run to run. */
function steady(text: string): string {
  return text.replaceAll(/pid \d+/g, "pid N").replaceAll(/\/\S*\/(sv-\w+)/g, "ROOT");
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
