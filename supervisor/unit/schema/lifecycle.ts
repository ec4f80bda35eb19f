import type { ExitStatusSet, Service, ServiceType } from "../unit.ts";
import { value } from "./value.ts";
import { z } from "./zod.ts";

const none: ExitStatusSet = { codes: [], signals: [] };

/** The keys of `[service]` that say when it is started again, how long it may take, and how it is ended. */
export const lifecycleShape = {
  restart: z.enum(["no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"]).optional(),
  restart_sec: value.span.default(100),
  restart_steps: z.int().min(0).default(0),
  restart_max_delay_sec: value.span.default(30_000),
  start_limit_burst: z.int().min(0).default(5),
  start_limit_interval_sec: value.span.default(10_000),
  success_exit_status: value.exitStatus.default(none),
  restart_prevent_exit_status: value.exitStatus.default(none),
  restart_force_exit_status: value.exitStatus.default(none),
  timeout_start_sec: value.limitSpan.optional(),
  timeout_stop_sec: value.limitSpan.default(30_000),
  watchdog_sec: value.span.transform((ms) => (ms === Infinity ? 0 : ms)).default(0),
  runtime_max_sec: value.limitSpan.default(Infinity),
  kill_signal: value.signal.default("SIGTERM"),
  final_kill_signal: value.signal.default("SIGKILL"),
  send_sigkill: z.boolean().default(true),
  kill_mode: z.enum(["control-group", "mixed", "process"]).default("control-group"),
  reload_mode: z.enum(["handover", "signal", "restart"]).default("handover"),
  file_descriptor_store_max: z.int().min(0).max(4096).default(64),
};

type Parsed = z.infer<z.ZodObject<typeof lifecycleShape>> & Readonly<{ type: ServiceType }>;

type Lifecycle =
  | ("restart" | "restartMs" | "restartSteps" | "restartMaxDelayMs" | "startLimitBurst" | "startLimitIntervalMs")
  | ("successExitStatus" | "restartPreventExitStatus" | "restartForceExitStatus")
  | ("timeoutStartMs" | "timeoutStopMs" | "watchdogMs" | "runtimeMaxMs")
  | ("killSignal" | "finalKillSignal" | "sendSigkill" | "killMode" | "reloadMode" | "fileDescriptorStoreMax");

/**
 * Gives the keys their place in the unit.
 * Why: a oneshot is up when its work is done: it may take as long as it takes, and is not done again by itself.
 */
export function toLifecycle(parsed: Parsed): Pick<Service, Lifecycle> {
  const isOneshot = parsed.type === "oneshot";
  return {
    restart: parsed.restart ?? (isOneshot ? "no" : "always"),
    restartMs: parsed.restart_sec,
    restartSteps: parsed.restart_steps,
    restartMaxDelayMs: parsed.restart_max_delay_sec,
    startLimitBurst: parsed.start_limit_burst,
    startLimitIntervalMs: parsed.start_limit_interval_sec,
    successExitStatus: withAlwaysClean(parsed.success_exit_status),
    restartPreventExitStatus: parsed.restart_prevent_exit_status,
    restartForceExitStatus: parsed.restart_force_exit_status,
    timeoutStartMs: parsed.timeout_start_sec ?? (isOneshot ? Infinity : 30_000),
    timeoutStopMs: parsed.timeout_stop_sec,
    watchdogMs: parsed.watchdog_sec,
    runtimeMaxMs: parsed.runtime_max_sec,
    killSignal: parsed.kill_signal,
    finalKillSignal: parsed.final_kill_signal,
    sendSigkill: parsed.send_sigkill,
    killMode: parsed.kill_mode,
    reloadMode: parsed.reload_mode,
    fileDescriptorStoreMax: parsed.file_descriptor_store_max,
  };
}

/** What the file lists is added to what is a clean end anyway. Source: systemd.service(5), SuccessExitStatus=. */
function withAlwaysClean({ codes, signals }: ExitStatusSet): ExitStatusSet {
  return {
    codes: [...new Set([0, ...codes])],
    signals: [...new Set(["SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE", ...signals] as const)],
  };
}
