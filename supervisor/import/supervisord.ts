import { Draft, type Here, type Imported, place, type Remark, type Source, unitName } from "./draft.ts";
import { readIni, type Section } from "./ini.ts";
import { numberOf } from "./raw.ts";
import { expand, type Meaning } from "./supervisord/expand.ts";
import { addSocket } from "./supervisord/fcgi.ts";
import { change, given, importProgram, type Program } from "./supervisord/program.ts";

/**
 * Makes a unit of each `[program:x]` and `[fcgi-program:x]`, with those of the files that `[include]` names.
 * Shape: `numprocs=4` → instances = 4; where the number of a process is in its command, a unit for each.
 * Source: supervisord.org/configuration.html, supervisor/options.py, 4.3.
 */
export function importSupervisord(main: Source, included: readonly Source[], here: Here): Imported {
  const taken = new Set(here.taken);
  const remarks: Remark[] = [];
  const programs: { draft: Draft; priority: number }[] = [];
  for (const { file, text } of [main, ...included]) {
    const { sections, strange } = readIni(text);
    for (const { text: line, line: at } of strange) {
      remarks.push({ tag: "lost", at: place(file, line.slice(0, 40), at), why: "is no `key = value`" });
    }
    for (const section of sections) {
      const [kind = "", name] = section.name.split(":", 2);
      const why = name === undefined ? SECTIONS[kind] : kind === "group" ? groupLoss(section) : SECTIONS[kind];
      if (why !== undefined) remarks.push({ tag: "lost", at: place(file, `[${section.name}]`, section.line), why });
      if (name === undefined || !/^(?:fcgi-)?program$/.test(kind)) continue;
      const made = importSection({ section, name, file, isFcgi: kind === "fcgi-program" }, here, taken);
      if (made.length === 0) {
        remarks.push({
          tag: "lost",
          at: place(file, `[${section.name}]`, section.line),
          why: "no unit: no `command` that can be read",
        });
      }
      programs.push(...made);
    }
  }
  orderByPriority(programs);
  const drafts = programs.map(({ draft }) => draft);
  return { drafts, remarks: [...remarks, ...drafts.flatMap((draft) => draft.remarks)] };
}

const CONTROL = "the control socket is in the state directory; `listen` in [supervisor] serves the API on TCP, too";

/** Sections that are no programs. Those that are left out (supervisord, rpcinterface:…) are about supervisord itself. */
const SECTIONS: Readonly<Record<string, string>> = {
  inet_http_server: CONTROL,
  unix_http_server: CONTROL,
  eventlistener: "no unit: there are no event listeners; `supervisor events -f --json` tells what happens",
};

function groupLoss(section: Section): string {
  const programs = (given({ section }, "programs") ?? "").split(",").map((name) => name.trim());
  return `there are no groups; name its units (supervisor restart ${programs.join(" ")}), or tie them with part_of`;
}

type Found = Readonly<{ section: Section; name: string; file: string; isFcgi: boolean }>;

function importSection(found: Found, here: Here, taken: Set<string>): readonly { draft: Draft; priority: number }[] {
  const { section, name, file, isFcgi } = found;
  const count = Math.min(Math.max(1, Math.round(numberOf(given({ section }, "numprocs")) ?? 1)), MOST);
  const first = Math.round(numberOf(given({ section }, "numprocs_start")) ?? 0);
  const isNumbered = count > 1 && usesNumber(section);
  const numbers = isNumbered ? Array.from({ length: count }, (_, index) => first + index) : [first];
  return numbers.flatMap((number, index) => {
    const meaning = meanings(name, { number, count, base: folderOf(here) });
    const wanted = isNumbered ? expand(given({ section }, "process_name") ?? name, meaning).text : name;
    const draft = new Draft(unitName(wanted, taken), file);
    const program: Program = { draft, section, here, meaning, isFirst: index === 0 };
    if (!importProgram(program)) return [];
    taken.add(draft.name);
    if (count > 1 && !isNumbered) draft.set("service", "instances", count);
    if (isNumbered) change(program, "numprocs", `${count} units, since the number of each stands in what it runs`);
    if (isFcgi) addSocket(program);
    return [{ draft, priority: numberOf(given({ section }, "priority")) ?? 999 }];
  });
}

/** So many processes of one section at most become units of their own. */
const MOST = 256;

/** Whether the number matters to what runs; in the name and in the names of log files it does not. */
function usesNumber(section: Section): boolean {
  const keys = ["command", "environment", "directory", "socket"];
  return keys.some((key) => /%\(process_num\)/.test(given({ section }, key) ?? ""));
}

function folderOf({ root, base }: Here): string {
  return base === "" ? root : base.startsWith("/") ? base : `${root}/${base}`;
}

type Numbers = Readonly<{ number: number; count: number; base: string }>;

function meanings(name: string, { number, count, base }: Numbers): Meaning {
  const known: Readonly<Record<string, string>> = {
    program_name: name,
    group_name: name,
    process_num: String(number),
    numprocs: String(count),
    here: base,
  };
  return (wanted) => known[wanted] ?? null;
}

/** Source: supervisord.org/configuration.html, priority: lower ones start first and stop last. */
function orderByPriority(programs: readonly Readonly<{ draft: Draft; priority: number }>[]): void {
  for (const { draft, priority } of programs) {
    const lower = Math.max(...programs.map((other) => other.priority).filter((other) => other < priority), -Infinity);
    const before = programs.filter((other) => other.priority === lower).map((other) => other.draft.name);
    if (before.length > 0) draft.set("unit", "after", before);
  }
}
