import { flagOf, textOf } from "../raw.ts";
import { type App, given, lose } from "./app.ts";

/** Names what no key of a unit says, and sets what the output's keys do. */
export function loseRest(app: App): void {
  const stamp = textOf(given(app, "log_date_format")) !== null || flagOf(given(app, "time")) === true;
  if (stamp) app.draft.set("output", "timestamps", true);
  for (const [name, { value }] of app.values) {
    if (CARRIED.has(name) || name.startsWith("env_") || isDefault(name, value)) continue;
    lose(app, name, LOST[name] ?? "pm2 has no such key, or this importer does not know it");
  }
}

/** What the other parts of the importer read. */
const CARRIED: ReadonlySet<string> = new Set([
  ...["name", "script", "args", "cwd", "interpreter", "node_args", "instances", "exec_mode", "instance_var"],
  ...["autostart", "autorestart", "stop_exit_codes", "restart_delay", "exp_backoff_restart_delay", "max_restarts"],
  ...["min_uptime", "kill_timeout", "treekill", "shutdown_with_message", "wait_ready", "listen_timeout"],
  ...["max_memory_restart", "uid", "gid", "env", "log_date_format", "time", "execute_command"],
]);

/** What changes nothing needs no word: keys that are off, and those that say what is so here anyway. */
function isDefault(name: string, value: unknown): boolean {
  return flagOf(value) === false || HARMLESS.has(name);
}

const HARMLESS: ReadonlySet<string> = new Set([
  ...["merge_logs", "windows_hide", "vizion", "automation", "pmx", "force", "source_map_support", "disable_trace"],
  ...["username", "write"],
]);

const OUTPUT = "what it prints is kept in the state directory: `supervisor logs`, [output]";
const LOST: Readonly<Record<string, string>> = {
  out_file: OUTPUT,
  error_file: OUTPUT,
  log_file: OUTPUT,
  log_type: OUTPUT,
  disable_logs: OUTPUT,
  pid_file: "there is none: `supervisor status` and `supervisor show` tell the pid",
  watch: "no unit is restarted when its files change; `supervisor reload NAME` is what a deployment says",
  ignore_watch: "goes with `watch`",
  watch_delay: "goes with `watch`",
  watch_options: "goes with `watch`",
  cron_restart: "no unit is started by the clock; let cron or a systemd timer say `supervisor restart NAME`",
  namespace: "there are none; a pattern such as 'web-*' names several units",
  name_prefix: "goes with namespaces",
  increment_var: "%i, the number of the instance, may be used in `environment`",
  filter_env: "set inherit_environment = false for a clean environment",
  append_env_to_name: "the name stays",
  post_update: "nothing pulls a project; commands before a start are `exec_start_pre`",
  kill_retry_time: "SIGKILL follows once `timeout_stop_sec` is over",
  port: "set PORT in `environment`, or a [socket.NAME] that the service takes from LISTEN_FDS",
  disable_source_map_support: "set NODE_OPTIONS in `environment`",
};
