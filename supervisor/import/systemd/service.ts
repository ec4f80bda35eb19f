// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import type { Draft } from "../draft.ts";
import { flagOf, shown } from "../raw.ts";
import { type Command, readCommands } from "./command.ts";
import { CARRIED, lossOf, SILENT } from "./service-keys.ts";
import { fill, type UnitName } from "./specifier.ts";
import { readWords, type Setting } from "./syntax.ts";
import { readValue } from "./value.ts";

/** A service on its way to a unit. */
export type Service = Readonly<{ draft: Draft; name: UnitName; settings: Settings }>;

/** The assignments that count, in order: an empty one takes back those before it. */
export type Settings = ReadonlyMap<string, readonly Setting[]>;

/** Says everything of `[Service]` but the relations. */
export function importService(service: Service): void {
  const type = importType(service);
  importEnvironment(service);
  importCommands(service, type);
  importPlaces(service);
  importLife(service, type);
  importCredentials(service);
  for (const [key, found] of service.settings) {
    const carried = CARRIED.get(key);
    const last = found.at(-1);
    if (carried !== undefined && last !== undefined) {
      const value = carried.as === "statuses" ? found.map((each) => each.value).join(" ") : last.value;
      const { text } = carried.as === "text" ? fillFor(service, last) : { text: value };
      const read = readValue(text, carried.as);
      if (typeof read === "string") service.draft.lose(key, last, read);
      else service.draft.set("service", carried.key, read.value, read.note ?? null);
      if (typeof read !== "string" && read.note !== undefined) service.draft.change(key, last, read.note);
    } else if (last !== undefined && last.section !== "Unit" && !isHandled(key, last.value)) {
      service.draft.lose(key, last, lossOf(key));
    }
  }
}

export function lastOf({ settings }: Pick<Service, "settings">, key: string): Setting | undefined {
  return settings.get(key)?.at(-1);
}

/** A template of a setting's value; a specifier without a meaning is a remark. */
function fillFor({ draft, name }: Service, setting: Setting, value = setting.value) {
  const found = fill(value, name);
  for (const specifier of found.unknown)
    draft.lose(setting.key, setting, `${specifier} has no meaning here, and stays as it is`);
  return found;
}

const HANDLED: ReadonlySet<string> = new Set([
  ...["Type", "ExecStart", "ExecStartPre", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost", "Restart"],
  ...["RemainAfterExit", "Environment", "EnvironmentFile", "WorkingDirectory", "UMask", "SupplementaryGroups"],
  ...["KillMode", "TimeoutSec", "LoadCredential"],
]);

function isHandled(key: string, value: string): boolean {
  const isDefaultOutput = /^Standard(?:Output|Error)$/.test(key) && /^(?:journal|inherit|syslog)/.test(value);
  return HANDLED.has(key) || SILENT.has(key) || isDefaultOutput || key.startsWith("X-");
}

/** Source: systemd.service(5), Type=. */
function importType(service: Service): string {
  const { draft } = service;
  const setting = lastOf(service, "Type");
  const told = setting?.value ?? (service.settings.has("ExecStart") ? "simple" : "oneshot");
  const type = told === "notify-reload" ? "notify" : ["exec", "notify", "oneshot"].includes(told) ? told : "simple";
  draft.set("service", "type", type);
  if (told === "forking") {
    const why =
      'a program that goes to the background by itself ends as far as its supervisor can see; let it stay in the foreground (often -f, -D, -n or "daemon off"), then enable it';
    draft.set("unit", "enabled", false, why);
    draft.lose("Type", setting, why);
  } else if (told === "dbus" || told === "idle") {
    draft.change("Type", setting, `${told} is simple here: it counts as up at once`);
  }
  const remains = flagOf(lastOf(service, "RemainAfterExit")?.value ?? "no") === true;
  if (type === "oneshot" && !remains)
    draft.change("Type", setting, "a oneshot stays active when its work is done, as with RemainAfterExit=yes");
  if (type !== "oneshot" && remains)
    draft.lose("RemainAfterExit", lastOf(service, "RemainAfterExit"), "only a oneshot stays active without a process");
  return type;
}

function importEnvironment(service: Service): void {
  const { draft, settings } = service;
  for (const setting of settings.get("Environment") ?? []) {
    for (const { text } of readWords(setting.value)) {
      const [, name, value = ""] = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(text) ?? [];
      if (name === undefined) draft.lose("Environment", setting, `${shown(text)} sets no variable`);
      else draft.variable(name, fillFor(service, setting, value).text);
    }
  }
  draft.set("service", "inherit_environment", false, "as systemd: a clean environment");
  const files = (settings.get("EnvironmentFile") ?? []).map((setting) => fillFor(service, setting).text);
  if (files.length > 0) draft.set("service", "environment_file", files);
}

function importCommands(service: Service, type: string): void {
  const { draft } = service;
  const pre = commandsOf(service, "ExecStartPre");
  const main = commandsOf(service, "ExecStart");
  const last = main.at(-1);
  // Only a oneshot has several: what comes before the last of them is done before it.
  const before = [...pre, ...main.slice(0, -1)].map(argvOf);
  draft.set("service", "exec_start", last?.argv ?? ["/bin/true"]);
  if (last?.isTolerant === true)
    draft.lose("ExecStart", lastOf(service, "ExecStart"), "`-` before the program: its failure is one here");
  if (before.length > 0) draft.set("service", "exec_start_pre", before);
  for (const [key, ours] of [
    ["ExecStartPost", "exec_start_post"],
    ["ExecStop", "exec_stop"],
    ["ExecStopPost", "exec_stop_post"],
  ] as const) {
    const commands = commandsOf(service, key).map(argvOf);
    if (commands.length > 0) draft.set("service", ours, commands);
  }
  importReload(service, type);
}

/** Source: systemd.service(5), ExecReload= and Type=notify-reload, which sends SIGHUP by itself. */
function importReload(service: Service, type: string): void {
  const { draft } = service;
  const reloads = commandsOf(service, "ExecReload");
  const isHangup =
    reloads.length === 1 &&
    /^(?:\/usr)?(?:\/bin\/)?kill -(?:s )?(?:SIG)?(?:HUP|1) \$(?:MAINPID|\{MAINPID\})$/.test(
      (reloads[0]?.argv ?? []).join(" "),
    );
  if (reloads.length > 0 || lastOf(service, "Type")?.value === "notify-reload") {
    draft.set("service", "reload_mode", "signal");
    if (reloads.length > 0 && !isHangup) draft.set("service", "exec_reload", reloads.map(argvOf));
  } else if (type === "notify") {
    draft.set("service", "reload_mode", "restart", '"handover" once two of it may run side by side (docs/handover.md)');
  }
}

function commandsOf(service: Service, key: string): readonly Command[] {
  const { draft, name, settings } = service;
  const environment = draft.get("service", "environment");
  const variables = new Map(
    Object.entries(typeof environment === "object" ? environment : {}).map(([n, v]) => [n, String(v)]),
  );
  return (settings.get(key) ?? []).flatMap((setting) => {
    const commands = readCommands(setting.value, { name, variables });
    for (const why of new Set(commands.flatMap(({ lost }) => lost))) draft.lose(key, setting, why);
    return commands;
  });
}

function argvOf({ argv: [program = "", ...args], isTolerant }: Command): readonly string[] {
  return [isTolerant ? `-${program}` : program, ...args];
}

function importPlaces(service: Service): void {
  const { draft } = service;
  const setting = lastOf(service, "WorkingDirectory");
  if (setting === undefined || setting.value === "") {
    draft.set("service", "working_directory", "/", "as systemd, where a unit names none");
  } else {
    const folder = setting.value.replace(/^-/, "");
    draft.set("service", "working_directory", folder === "~" ? "${HOME}" : fillFor(service, setting, folder).text);
    if (setting.value.startsWith("-")) draft.change("WorkingDirectory", setting, "it has to be there");
  }
  const umask = lastOf(service, "UMask");
  if (umask !== undefined) draft.set("service", "umask", umask.value.padStart(3, "0"));
  const groups = (service.settings.get("SupplementaryGroups") ?? []).flatMap(({ value }) => value.split(/\s+/));
  if (groups.length > 0) draft.set("service", "supplementary_groups", groups);
}

/** Source: systemd.service(5), Restart=. */
const POLICIES: ReadonlySet<string> = new Set([
  ...["no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"],
]);

/** What systemd takes when a unit says nothing is written down where it is other here. */
function importLife(service: Service, type: string): void {
  const { draft } = service;
  const restart = lastOf(service, "Restart");
  const isKnown = restart !== undefined && POLICIES.has(restart.value);
  draft.set("service", "restart", isKnown ? restart.value : "no");
  if (restart !== undefined && !isKnown) draft.lose("Restart", restart, `there is no policy ${shown(restart.value)}`);
  if (type !== "simple" && type !== "oneshot") draft.set("service", "timeout_start_sec", "90s");
  draft.set("service", "timeout_stop_sec", "90s");
  const both = lastOf(service, "TimeoutSec");
  if (both !== undefined) {
    draft.set("service", "timeout_start_sec", both.value);
    draft.set("service", "timeout_stop_sec", both.value);
  }
  const mode = lastOf(service, "KillMode");
  if (mode?.value === "none") draft.change("KillMode", mode, "none is process here: the main process is ended");
  if (mode !== undefined && mode.value !== "control-group") {
    draft.set("service", "kill_mode", mode.value === "mixed" ? "mixed" : "process");
  }
}

function importCredentials(service: Service): void {
  const found: Record<string, string> = {};
  for (const setting of service.settings.get("LoadCredential") ?? []) {
    const [name = "", path] = setting.value.split(":", 2);
    if (path === undefined)
      service.draft.lose("LoadCredential", setting, `where ${name} comes from has to be said: NAME:PATH`);
    else found[name] = fillFor(service, setting, path).text;
  }
  if (Object.keys(found).length > 0) service.draft.set("service", "load_credential", found);
}
