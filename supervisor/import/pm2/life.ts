import { parseSize } from "../../unit/size.ts";
import { flagOf, numberOf, shown, textOf, textsOf } from "../raw.ts";
import { span } from "../template.ts";
import { type App, change, given, lose } from "./app.ts";

/** Says when it is started again, how long that may take, and how it is ended. */
export function importLife(app: App): void {
  if (flagOf(given(app, "autostart")) === false) app.draft.set("unit", "enabled", false);
  importRestart(app);
  importStop(app);
  importReadiness(app);
  importMemory(app);
  importUser(app);
}

function importRestart(app: App): void {
  const { draft } = app;
  const isAgain = flagOf(given(app, "autorestart")) !== false;
  draft.set("service", "restart", isAgain ? "always" : "no");
  const codes = textsOf(given(app, "stop_exit_codes") ?? []).flatMap((text) => numberOf(text) ?? []);
  if (codes.length > 0) draft.set("service", "restart_prevent_exit_status", codes);
  if (!isAgain) return;
  const delay = msOf(app, "restart_delay");
  draft.set("service", "restart_sec", span(delay ?? 0));
  const first = msOf(app, "exp_backoff_restart_delay");
  if (first !== null && first > 0) {
    draft.set("service", "restart_sec", span(first));
    draft.set("service", "restart_steps", Math.max(1, Math.ceil(Math.log(LONGEST_MS / first) / Math.log(1.5))));
    draft.set("service", "restart_max_delay_sec", span(Math.max(first, LONGEST_MS)));
  }
  importLimit(app);
}

/** Source: lib/God.js, handleExit: the pause grows by half each time, up to this. */
const LONGEST_MS = 15_000;

/** Source: lib/God.js, handleExit: `max_restarts` ends shorter than `min_uptime`, within as many times `min_uptime`. */
function importLimit(app: App): void {
  const burst = numberOf(given(app, "max_restarts")) ?? 16;
  const uptimeMs = msOf(app, "min_uptime") ?? 1000;
  if (burst < 1) {
    change(app, "max_restarts", "never started again");
    app.draft.set("service", "restart", "no");
    return;
  }
  app.draft.set("service", "start_limit_burst", Math.round(burst));
  app.draft.set("service", "start_limit_interval_sec", span(Math.round(burst) * uptimeMs));
}

function importStop(app: App): void {
  const { draft } = app;
  draft.set("service", "kill_signal", "SIGINT", "pm2's; SIGTERM is the habit elsewhere");
  draft.set("service", "timeout_stop_sec", span(msOf(app, "kill_timeout") ?? 1600));
  if (flagOf(given(app, "treekill")) === false) draft.set("service", "kill_mode", "process");
  if (flagOf(given(app, "shutdown_with_message")) === true) {
    lose(app, "shutdown_with_message", 'process.send is not there: it gets SIGINT instead of the message "shutdown"');
  }
}

function importReadiness(app: App): void {
  if (flagOf(given(app, "wait_ready")) === true) {
    const why =
      'process.send("ready") is not heard, and process.send is not there: say READY=1 on NOTIFY_SOCKET and set type = "notify", or add a [probe.readiness]';
    lose(app, "wait_ready", why);
  }
  const limitMs = msOf(app, "listen_timeout");
  if (limitMs === null) return;
  app.draft.set("service", "timeout_start_sec", span(limitMs));
  change(app, "listen_timeout", "a start that takes longer has failed here; pm2 went on as if it was ready");
}

function importMemory(app: App): void {
  const raw = textOf(given(app, "max_memory_restart"));
  if (raw === null) return;
  const size = raw
    .trim()
    .toUpperCase()
    .replace(/^(\d+(?:\.\d+)?\s*[KMG])I?B?$/, "$1");
  const bytes = parseSize(/^\d+$/.test(size) ? Number(size) : size);
  if (bytes === null || bytes === 0) {
    lose(app, "max_memory_restart", `${shown(raw)} is no size`);
    return;
  }
  const why =
    "the kernel ends it at this size, all its processes together, and it is started again; pm2 looked now and then and asked it to end";
  app.draft.set("service", "memory_max", /^\d+$/.test(size) ? bytes : size.replace(/\s/g, ""), why);
  change(app, "max_memory_restart", why);
}

function importUser(app: App): void {
  const user = textOf(given(app, "uid"));
  const group = textOf(given(app, "gid"));
  if (user !== null) app.draft.set("service", "user", user);
  if (group !== null && user !== null) app.draft.set("service", "group", group);
  if (group !== null && user === null) lose(app, "gid", "a group goes with a user here");
}

/** A time as pm2 reads it: milliseconds, or a number with s, m or h. Source: lib/tools/Config.js, "stime". */
function msOf(app: App, key: string): number | null {
  const raw = given(app, key);
  if (raw === undefined) return null;
  const [, amount, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*(s|m|h|ms)?\s*$/.exec(textOf(raw) ?? "") ?? [];
  if (amount !== undefined) return Number(amount) * (UNITS_MS[unit] ?? 1);
  lose(app, key, `${shown(raw)} is no time`);
  return null;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
