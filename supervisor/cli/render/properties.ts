import type { Json, JsonObject, LoadedUnit } from "../../control/client.ts";
import type { UnitStatus } from "../../unit/status.ts";
import { span } from "./span.ts";

export type Properties = Readonly<Record<string, Json>>;

/**
 * Gives everything that is known of a unit under one name each, sorted: what is, under systemd's names, and what its file says, under the file's own keys.
 * Shape: `{ ActiveState: "active", MainPID: 42, RestartSec: "100ms", "Socket.http.Backlog": 4096 }`. The tables below `[unit]` and `[service]` have none of their names before their keys.
 * Source: systemctl(1), show.
 */
export function properties(status: UnitStatus, loaded: LoadedUnit): Properties {
  const all = [...settings(loaded), ...facts(status)];
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Finds a property by its own name, or by the unit file's or systemd's way to write it. Shape: "main_pid", "RestartUSec" → "MainPID", "RestartSec". */
export function propertyNamed(asked: string, all: Properties): string | null {
  const wanted = fold(asked);
  return Object.keys(all).find((name) => fold(name) === wanted) ?? null;
}

/** Renders properties as `systemctl show` does: a line each, yes and no, lists with spaces between. */
export function renderProperties(all: Properties): string {
  return Object.entries(all)
    .map(([name, value]) => `${name}=${propertyText(value)}\n`)
    .join("");
}

/** A line break in a value would make a line of its own. */
export function propertyText(value: Json): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(propertyText).join(" ");
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.replace(/[\r\n]+/g, " ");
}

type Entries = readonly (readonly [string, Json])[];

function facts(status: UnitStatus): Entries {
  const { handover, last_exit: last, instances } = status;
  const processes = instances.flatMap((instance) => instance.processes ?? []);
  const main = instances.find(({ pid }) => pid !== null && pid === status.main_pid);
  const sum = (key: "tasks" | "memory_bytes" | "cpu_seconds") =>
    processes.length === 0 ? null : processes.reduce((total, one) => total + one[key], 0);
  return [
    ["Id", status.name],
    ["Description", status.description],
    ["LoadState", "loaded"],
    ["FragmentPath", status.file],
    ["ActiveState", status.active_state],
    ["SubState", status.sub_state],
    ["StateChangeTimestamp", status.since],
    ["Health", status.health],
    ["MainPID", status.main_pid ?? 0],
    ["InvocationID", main?.invocation_id ?? ""],
    ["Generation", status.generation],
    ["Wanted", status.wanted],
    ["NRestarts", status.restarts],
    ["Result", status.result],
    ["Reason", status.reason],
    ["StatusText", status.status_text],
    ["Release", status.release],
    ["TasksCurrent", sum("tasks")],
    ["MemoryCurrent", sum("memory_bytes")],
    ["CPUUsageSeconds", sum("cpu_seconds")],
    ["ExecMainStatus", last === null ? null : (last.code ?? last.signal)],
    ["ExecMainExitTimestamp", last?.at ?? null],
    ["HandoverResult", handover.last_result],
    ["HandoverReadySec", handover.ready_ms === null ? null : span(handover.ready_ms)],
    ["HandoverDrainedSec", handover.drain_ms === null ? null : span(handover.drain_ms)],
    ["HandoverReason", handover.reason],
    ["Listen", status.listeners.map(({ name, address }) => `${name}=${address}`)],
    ["PIDs", processes.map(({ pid }) => pid)],
  ];
}

function settings({
  service,
  sockets,
  probes,
  handover,
  output,
  name: _name,
  file: _file,
  ...unit
}: LoadedUnit): Entries {
  const { exec, ...rest } = service;
  return [
    ...flat("", unit as JsonObject),
    ...flat("", rest),
    ...flat("", startOf(exec as JsonObject)),
    ...flat("Handover.", handover as JsonObject),
    ...flat("Output.", output as JsonObject),
    ...(sockets as readonly JsonObject[]).flatMap(({ name, ...socket }) => flat(`Socket.${name}.`, listen(socket))),
    ...Object.entries(probes as JsonObject).flatMap(([kind, probe]) => flat(`Probe.${kind}.`, probe as JsonObject)),
  ];
}

/** The keys of the file, of which a unit has either. */
function startOf({ tag, argv = null, ...script }: JsonObject): JsonObject {
  return tag === "program" ? { exec_start: argv } : script;
}

function listen({ kind, address, ...socket }: JsonObject): JsonObject {
  const { tag, host, port, path, text } = address as JsonObject;
  const named = String(host).includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const tcp = host === "" ? port : named;
  const where = tag === "tcp" ? tcp : tag === "unix" ? path : text;
  return { [`listen_${kind}`]: where ?? null, ...socket };
}

function flat(prefix: string, from: JsonObject): Entries {
  return Object.entries(from).flatMap(([key, value]): Entries => {
    if (/^exec(?:_|$)/.test(key)) return [[prefix + camel(key), commands(value)]];
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return pairs(prefix, key, value as JsonObject);
    return [[prefix + camel(inFile(key)), inWords(key, value)]];
  });
}

/** A table of what the user named, and what little else is nested. Shape: `limits: { nofile: 9 }` → `LimitNOFILE`, as systemd writes it. */
function pairs(prefix: string, key: string, table: JsonObject): Entries {
  if (key === "limits") return Object.entries(table).map(([name, value]) => [`Limit${name.toUpperCase()}`, value]);
  if (key === "ask") return flat(prefix, asked(table));
  if (key.endsWith("_exit_status")) return [[prefix + camel(key), Object.values(table).flat() as Json]];
  return [[prefix + camel(key), Object.entries(table).map(([name, value]) => `${name}=${propertyText(value)}`)]];
}

/** What a probe asks, under the file's keys. */
function asked({ tag, ...ask }: JsonObject): JsonObject {
  if (tag === "http") return { http_get: ask.url ?? null };
  if (tag === "tcp") return { tcp_socket: `${ask.host}:${ask.port}` };
  return tag === "exec" ? { exec: ask.argv ?? null } : ask;
}

/** Several command lines, or one, as they would be typed. */
function commands(value: Json): Json {
  const lines = Array.isArray(value) && Array.isArray(value[0]) ? value : [value];
  return lines
    .map((line) => (Array.isArray(line) ? line.map(quoted).join(" ") : ""))
    .filter((line) => line !== "")
    .join(" ; ");
}

function quoted(word: Json): string {
  const text = String(word);
  return /^[\w@%+=:,./${}-]+$/.test(text) ? text : JSON.stringify(text);
}

const SUFFIX = /_(?:ms|bytes|percent)$/;

/** The key as the unit file has it. */
function inFile(key: string): string {
  const known = withoutSec.has(key);
  return key.endsWith("_ms") && !known ? `${key.slice(0, -"_ms".length)}_sec` : key.replace(SUFFIX, "");
}

/** Spans that the file names without `_sec`. */
const withoutSec: ReadonlySet<string> = new Set(["max_age_ms", "initial_delay_ms", "period_ms", "timeout_ms"]);

function inWords(key: string, value: Json): Json {
  if (typeof value !== "number") return value;
  if (key.endsWith("_ms")) return span(value);
  if (key.endsWith("_percent")) return `${value}%`;
  return key === "umask" || key === "socket_mode" ? `0${value.toString(8).padStart(3, "0")}` : value;
}

/** Words that systemd does not write as words. */
const spelt: Readonly<Record<string, string>> = { cpu: "CPU", oom: "OOM", umask: "UMask", ipv6: "IPv6" };

/** Shape: "timeout_start_sec" → "TimeoutStartSec"; "cpu_quota" → "CPUQuota". */
function camel(key: string): string {
  const words = key.split("_").map((word) => spelt[word] ?? word.charAt(0).toUpperCase() + word.slice(1));
  return words.join("");
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll("_", "").replace(/usec$/, "sec");
}
