import { parseSignal } from "../../unit/signal.ts";
import { flagOf, mapOf, numberOf, shown, textOf, textsOf } from "../raw.ts";
import { literal, span } from "../template.ts";
import { shellCommand } from "../words.ts";
import { durationMs, type Service, template, templates } from "./service.ts";

/** Says when it is started again, what it needs, how it is ended, and when it counts as well. */
export function importLife(service: Service): void {
  const { draft, raw, lineOf } = service;
  importRestart(service);
  importNeeds(service);
  importHealth(service);
  const copies = numberOf(mapOf(raw.deploy).replicas ?? raw.scale) ?? 1;
  if (copies > 1) draft.set("service", "instances", Math.round(copies));
  const signal = parseSignal(textOf(raw.stop_signal) ?? "SIGTERM");
  if (signal === null) draft.lose("stop_signal", lineOf("stop_signal"), `there is no signal ${shown(raw.stop_signal)}`);
  else if (signal !== "SIGTERM") draft.set("service", "kill_signal", signal);
  draft.set("service", "timeout_stop_sec", span(durationMs(raw.stop_grace_period) ?? 10_000));
  const profiles = textsOf(raw.profiles ?? []);
  if (profiles.length > 0)
    draft.set("unit", "enabled", false, `of the ${profiles.join(", ")} profile: supervisor start ${draft.name}`);
}

/** Source: the Compose Specification, `restart`, and the Deploy Specification, `restart_policy`. */
function importRestart({ draft, raw, lineOf }: Service): void {
  const policy = mapOf(mapOf(raw.deploy).restart_policy);
  const condition = textOf(policy.condition);
  const told =
    raw.restart === false ? "no" : (textOf(raw.restart) ?? (condition === "none" ? "no" : condition) ?? "no");
  const [kind = "no", times] = told.split(":");
  const restart = kind === "any" || kind === "unless-stopped" ? "always" : kind;
  if (!["no", "always", "on-failure"].includes(restart)) {
    draft.lose("restart", lineOf("restart"), `there is no policy ${shown(told)}; it is not restarted`);
  }
  const isOneshot = draft.get("service", "type") === "oneshot";
  draft.set(
    "service",
    "restart",
    !["always", "on-failure"].includes(restart) || (isOneshot && restart === "always") ? "no" : restart,
  );
  const delayMs = durationMs(policy.delay);
  if (delayMs !== null) draft.set("service", "restart_sec", span(delayMs));
  const limit = numberOf(times ?? policy.max_attempts);
  if (limit === null || limit <= 0) return;
  draft.set("service", "start_limit_burst", Math.round(limit) + 1);
  draft.set("service", "start_limit_interval_sec", span(durationMs(policy.window) ?? Infinity));
}

/** Source: the Compose Specification, `depends_on`. What is healthy there is ready here, and `requires` waits for that. */
function importNeeds(service: Service): void {
  const { draft, raw, lineOf } = service;
  const found: Record<"requires" | "wants" | "part_of" | "after", string[]> = {
    requires: [],
    wants: [],
    part_of: [],
    after: [],
  };
  const needs = Array.isArray(raw.depends_on)
    ? textsOf(raw.depends_on).map((name) => [name, {}] as const)
    : Object.entries(mapOf(raw.depends_on));
  for (const [name, how] of needs) {
    const { required, restart } = mapOf(how);
    found[flagOf(required) === false ? "wants" : "requires"].push(name);
    if (flagOf(restart) === true) found.part_of.push(name);
  }
  for (const link of textsOf(raw.links ?? [])) found.after.push(link.split(":")[0] ?? link);
  if (raw.links !== undefined)
    draft.lose("links", lineOf("links"), "only the order is kept; names are those of the network");
  for (const [key, names] of Object.entries(found)) if (names.length > 0) draft.set("unit", key, names);
}

/** Source: the Compose Specification, `healthcheck`, and Docker's HEALTHCHECK for the defaults. */
function importHealth(service: Service): void {
  const { draft, raw } = service;
  const check = mapOf(raw.healthcheck);
  const argv = testOf(service, check.test);
  if (argv === null || flagOf(check.disable) === true) return;
  const words = draft.get("service", "exec_start");
  const container = Array.isArray(words) && words[0] === "docker" ? String(words[words.indexOf("--name") + 1]) : null;
  const exec = container === null ? argv : ["docker", "exec", container, ...argv];
  const periodMs = durationMs(check.interval) ?? 30_000;
  const failures = Math.max(1, numberOf(check.retries) ?? 3);
  const timeout = span(durationMs(check.timeout) ?? 30_000);
  const graceMs = durationMs(check.start_period) ?? 0;
  if (graceMs > 0) {
    const everyMs = durationMs(check.start_interval) ?? 5_000;
    draft.set("probe.startup", "exec", exec);
    draft.set("probe.startup", "period", span(everyMs));
    draft.set("probe.startup", "timeout", timeout);
    draft.set("probe.startup", "failure_threshold", Math.ceil(graceMs / everyMs) + failures);
  }
  draft.set("probe.readiness", "exec", exec);
  draft.set("probe.readiness", "period", span(periodMs));
  draft.set("probe.readiness", "timeout", timeout);
  draft.set("probe.readiness", "failure_threshold", failures);
  const longestMs = graceMs + periodMs * (failures + 1);
  draft.set("service", "timeout_start_sec", span(Math.max(30_000, longestMs)), "as long as the probe may take");
}

/** Shape: ["CMD", "curl", "-f", …], ["CMD-SHELL", "a || b"], ["NONE"], or a line for a shell. */
function testOf(service: Service, raw: unknown): readonly string[] | null {
  if (typeof raw === "string") return lineOf(service, raw);
  const [kind, ...rest] = templates(service, "healthcheck", raw);
  if (kind === "CMD") return rest;
  const [, line] = textsOf(raw ?? []);
  return kind === "CMD-SHELL" && line !== undefined ? lineOf(service, line) : null;
}

/** Variables in it are the shell's: compose has `$$` for them. */
function lineOf(service: Service, line: string): readonly string[] {
  const text = template(service, "healthcheck", line);
  return text === null
    ? shellCommand(line)
    : ["/bin/sh", "-c", text.includes("${") ? text : literal(line.replaceAll("$$", "$"))];
}
