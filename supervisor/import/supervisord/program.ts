import { parseSignal } from "../../unit/signal.ts";
import { parseSize } from "../../unit/size.ts";
import type { Draft, Here } from "../draft.ts";
import type { Section } from "../ini.ts";
import { flagOf, numberOf, shown } from "../raw.ts";
import { below } from "../template.ts";
import { quotedWords } from "../words.ts";
import { environmentPairs } from "./environment.ts";
import { type Meaning, template } from "./expand.ts";

/** One process of a `[program:x]`, on its way to a unit. */
export type Program = Readonly<{
  draft: Draft;
  section: Section;
  here: Here;
  meaning: Meaning;
  /** Remarks on the section are made once, however many processes it has. */
  isFirst: boolean;
}>;

/** Says everything but how many. False when there is no command. */
export function importProgram(program: Program): boolean {
  const command = filled(program, "command");
  const words = command === null ? null : quotedWords(command);
  if (words === null || words.length === 0) return false;
  program.draft.set("service", "exec_start", words);
  importSurroundings(program);
  importRestart(program);
  importStop(program);
  importOutput(program);
  for (const { key, line } of program.section.settings) {
    const why =
      LOST[key] ?? (CARRIED.has(key) ? null : "supervisord has no such key, or this importer does not know it");
    if (why !== null && !isOff(program, key)) lose(program, key, why, line);
  }
  return true;
}

export function given({ section }: Pick<Program, "section">, key: string): string | null {
  // The last one counts.
  return section.settings.findLast((setting) => setting.key === key)?.value ?? null;
}

/** A value as a template; what cannot be filled in is lost. */
function filled(program: Program, key: string): string | null {
  const raw = given(program, key);
  if (raw === null) return null;
  const { text, unknown } = template(raw, program.meaning);
  if (unknown.length > 0) lose(program, key, `nothing is known of ${unknown.map((name) => `%(${name})s`).join(", ")}`);
  return text;
}

export function lose({ draft, section, isFirst }: Program, key: string, why: string, at?: number): void {
  const line = at ?? section.settings.findLast((setting) => setting.key === key)?.line ?? section.line;
  if (isFirst) draft.lose(key, line, why);
}

export function change({ draft, section, isFirst }: Program, key: string, why: string): void {
  const line = section.settings.findLast((setting) => setting.key === key)?.line ?? section.line;
  if (isFirst) draft.change(key, line, why);
}

function importSurroundings(program: Program): void {
  const { draft, here } = program;
  const directory = filled(program, "directory");
  // supervisord leaves its own directory as it is: that is the root, as for a unit.
  const folder = directory === null ? "." : shortened(here, directory);
  if (folder !== ".") draft.set("service", "working_directory", folder);
  const pairs = environmentPairs(given(program, "environment") ?? "");
  for (const [name, value] of pairs.variables) {
    const { text, unknown } = template(value, program.meaning);
    if (unknown.length > 0)
      lose(program, "environment", `nothing is known of %(${unknown.join(")s, %(")})s in ${name}`);
    draft.variable(name, text);
  }
  if (pairs.rest !== "") lose(program, "environment", `${shown(pairs.rest)} is no KEY="value"`);
  const user = filled(program, "user");
  if (user !== null) draft.set("service", "user", user);
  const umask = given(program, "umask");
  if (umask !== null) draft.set("service", "umask", umask.padStart(3, "0"));
}

/** A template of an absolute path needs no root where it lies below it. */
function shortened(here: Here, directory: string): string {
  return /[$%]/.test(directory) || !directory.startsWith("/") ? directory : below({ ...here, base: "" }, directory);
}

/** Source: supervisord.org/configuration.html; supervisor/process.py, transition and give_up: the pause grows by a second each time. */
function importRestart(program: Program): void {
  const { draft } = program;
  if (flagOf(given(program, "autostart") ?? "true") === false) draft.set("unit", "enabled", false);
  const retries = numberOf(given(program, "startretries")) ?? 3;
  const startSec = numberOf(given(program, "startsecs")) ?? 1;
  const told = given(program, "autorestart") ?? "unexpected";
  const codes = (given(program, "exitcodes") ?? "0").split(",").flatMap((text) => numberOf(text) ?? []);
  const isAlways = flagOf(told) === true;
  draft.set("service", "restart", isAlways ? "always" : flagOf(told) === false ? "no" : "on-failure");
  if (told.toLowerCase() === "unexpected") {
    const expected = codes.filter((code) => code !== 0);
    if (expected.length > 0) draft.set("service", "success_exit_status", expected);
    if (!codes.includes(0)) draft.set("service", "restart_force_exit_status", [0]);
  }
  draft.set("service", "start_limit_burst", Math.round(retries) + 1);
  const pauses = (retries * (retries + 1)) / 2;
  draft.set("service", "start_limit_interval_sec", `${Math.ceil((retries + 1) * startSec + pauses)}s`);
  if (retries > 0) draft.set("service", "restart_sec", "1s");
  if (startSec > 1)
    change(
      program,
      "startsecs",
      "it counts as up at once; how long it may take to fail stands in start_limit_interval_sec",
    );
}

function importStop(program: Program): void {
  const { draft } = program;
  const told = given(program, "stopsignal") ?? "TERM";
  const signal = parseSignal(told);
  if (signal === null) lose(program, "stopsignal", `there is no signal ${shown(told)}`);
  else if (signal !== "SIGTERM") draft.set("service", "kill_signal", signal);
  draft.set("service", "timeout_stop_sec", `${numberOf(given(program, "stopwaitsecs")) ?? 10}s`);
  if (flagOf(given(program, "stopasgroup")) === true) return;
  const isKilled = flagOf(given(program, "killasgroup")) === true;
  const note = isKilled ? null : "supervisord would leave what its processes have started behind";
  draft.set("service", "kill_mode", "mixed", note);
}

function importOutput(program: Program): void {
  const { draft } = program;
  const bytes =
    given(program, "stdout_logfile_maxbytes")
      ?.replace(/([KMG])B$/i, "$1")
      .toUpperCase() ?? null;
  const size = bytes === null ? null : parseSize(/^\d+$/.test(bytes) ? Number(bytes) : bytes);
  // In a container it writes to the manager's own output, without a limit, since there is no file.
  const isFile = !given(program, "stdout_logfile")?.startsWith("/dev/");
  if (size === 0 && isFile) draft.set("output", "max_size", "infinity");
  else if (bytes !== null && size !== null && size >= 1024) draft.set("output", "max_size", bytes);
  const backups = numberOf(given(program, "stdout_logfile_backups"));
  if (backups !== null && backups > 0) draft.set("output", "max_files", Math.round(backups));
  for (const key of ["stdout_logfile", "stderr_logfile"]) {
    const path = given(program, key);
    if (path === null || /^(?:auto|none)$/i.test(path)) continue;
    lose(program, key, "what it prints is kept in the state directory: `supervisor logs`, [output]");
  }
}

/** Keys that are off say nothing. */
function isOff(program: Program, key: string): boolean {
  const value = given(program, key) ?? "";
  return value === "" || flagOf(value) === false || numberOf(value) === 0;
}

const CARRIED: ReadonlySet<string> = new Set([
  ...["command", "process_name", "numprocs", "numprocs_start", "priority", "autostart", "autorestart", "startsecs"],
  ...["startretries", "exitcodes", "stopsignal", "stopwaitsecs", "stopasgroup", "killasgroup", "user", "environment"],
  ...["directory", "umask", "redirect_stderr", "stdout_logfile", "stderr_logfile", "stdout_logfile_maxbytes"],
  ...["stdout_logfile_backups", "stderr_logfile_maxbytes", "stderr_logfile_backups"],
  ...["socket", "socket_owner", "socket_mode", "socket_backlog"],
]);

const EVENTS = "there are no event listeners; `supervisor events -f --json` tells what happens";
const LOST: Readonly<Record<string, string>> = {
  stdout_capture_maxbytes: EVENTS,
  stderr_capture_maxbytes: EVENTS,
  stdout_events_enabled: EVENTS,
  stderr_events_enabled: EVENTS,
  stdout_syslog: "output goes to files; let a program of yours read `supervisor logs -f`",
  stderr_syslog: "output goes to files; let a program of yours read `supervisor logs -f`",
  serverurl: "the control socket is in the state directory",
};
