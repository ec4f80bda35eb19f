import process from "node:process";
import pino, { type Logger } from "pino";
import { type Loaded, type LoadOrder, loadConfig } from "../config/load.ts";
import { reportFaults } from "../config/report.ts";
import { type Config, isLive } from "../config/schema.ts";
import { changedKeys } from "../config/settings.ts";
import { type ConfigResult, type LiveConfig, liveConfig } from "./kit/config.ts";
import { type Life, processLife } from "./kit/life.ts";
import { bundled, inLine } from "./modules/bundled.ts";
import { type Command, readCommand, USAGE } from "./modules/command.ts";
import { ConfigFault } from "./modules/config-fault.ts";
import { drainLimit } from "./modules/drain-limit.ts";
import { moduleFamilies } from "./modules/figures.ts";
import { defaultLimits, type Host, type HostOptions, startModules } from "./modules/host.ts";
import type { RestartPolicy } from "./modules/module.ts";
import { createOutfit } from "./modules/outfit.ts";
import { openTelemetry } from "./modules/telemetry.ts";
import { guard } from "./queue/circuit.ts";
import { type Opened, openQueue } from "./queue/open.ts";

/** The contract's exit codes. */
const EXIT = { failed: 1, usage: 2, config: 6 } as const;

const AFTER_DRAIN_MS = 5_000;

/** Within the time that a drain leaves before the supervisor's own limit. */
const FLUSH_MS = 500;

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  if (typeof command === "string") return leave(EXIT.usage, `${command}\n${USAGE}`);
  const { mode, configDir, overrides } = command;
  const folder = { folder: configDir ?? "config", required: configDir !== null };
  const accepted = configDir === null ? process.env.SUPERVISOR_CONFIG : undefined;
  const order = { ...folder, env: process.env, overrides, accepted };
  const told: { by: (result: ConfigResult) => void } = { by: () => undefined };
  const live = await liveConfig({ read: () => readAll(order), told: (result) => told.by(result) });
  const { config } = live.value;
  if (config.queue.url === "memory:" && mode !== "all-in-one") {
    return leave(
      EXIT.config,
      `queue.url: memory: is seen by one process only; ${mode} needs sqlite:PATH or redis://HOST:PORT`,
    );
  }
  const opened = await open(config);
  if (!opened.ok) return leave(opened.isConfig ? EXIT.config : EXIT.failed, `queue.url: ${opened.message}`);
  await run(command, { order, live, told, opened });
}

/** Errors: throws ConfigFault with every fault there is. */
function readAll(order: LoadOrder): Loaded {
  const loaded = loadConfig(order);
  if (!loaded.ok) throw new ConfigFault(reportFaults(loaded.faults));
  return loaded.value;
}

/** What a process stands on. */
type Ground = Readonly<{
  order: LoadOrder;
  live: LiveConfig<Loaded>;
  /** Who hears what became of a reload, once there is somebody. */
  told: { by: (result: ConfigResult) => void };
  opened: Extract<Opened, { ok: true }>;
}>;

async function run({ mode, watch }: Command, { order, live, told, opened }: Ground): Promise<void> {
  const { config } = live.value;
  const { queue, circuit } = guard(opened.queue);
  const life = processLife();
  const log = logger(config);
  followConfig(live, told, log);
  for (const warning of opened.warnings) log.warn({ event: "queue.warning" }, warning);
  let host: Host | null = null;
  const sources = bundled[mode];
  const reload = watch ? await (await import("./modules/reload.ts")).createReload(sources, log) : null;
  const checks = {
    queue: () => queue.stats().then(() => true),
    ...Object.fromEntries(sources.map(({ name }) => [`module.${name}`, async () => host?.wellbeing(name) ?? false])),
  };
  const telemetry = await openTelemetry({ mode, config: config.telemetry, queue, circuit, log });
  telemetry.metrics.look("modules", async () => moduleFamilies(host?.reports() ?? []));
  const surroundings = { queue, checks, ...telemetry };
  const makers = await Promise.all(sources.map((source) => reload?.load(source) ?? source.load()));
  // A module's own drain has a limit, and is to be over first.
  const drainMs = drainLimit(Math.max(config.api.drain_ms, config.worker.drain_ms), process.env);
  const limits = { ...defaultLimits, stopMs: drainMs + AFTER_DRAIN_MS, quota: config.modules.max_in_flight };
  const restart = restartOf(config);
  const outfit = (name: string) => createOutfit(name, { order, config: live, log, life });
  const modules = inLine(makers.map((make) => make(surroundings)));
  const running = await startModules(modules, { limits, restart, outfit, told: tellOf(life, log) });
  host = running;
  reload?.begin(running, surroundings);
  life.onDrain(async () => {
    const stopped = running.stop();
    await reload?.close();
    for (const { module, error } of await stopped) log.error({ event: "module.not-stopped", module, err: error });
    await queue.close();
    const lost = await telemetry.tracing.close(FLUSH_MS);
    if (lost > 0) log.warn({ event: "telemetry.lost", spans: lost });
  });
  life.ready(`${mode} is up`);
}

/** Takes what is live of the process's own, and logs what became of each reload. */
function followConfig(live: LiveConfig<Loaded>, told: Ground["told"], log: Logger): void {
  let waiting: readonly string[] = [];
  live.on("change", (now, before) => {
    log.level = now.config.telemetry.log_level;
    waiting = changedKeys(before, now).filter((key) => !isLive(key));
  });
  told.by = (result) => {
    const { tag, version } = result;
    if (tag === "refused") log.error({ event: "config.refused", version }, result.why);
    if (tag === "changed") log.info({ event: "config.changed", version, waiting });
  };
}

/** A module that stays down ends the process, with a failure: whoever supervises it knows what to do. */
function tellOf(life: Life, log: Logger): HostOptions["told"] {
  return (module, told) => {
    const { event, ...facts } = told;
    const { error, ...more } = "error" in facts ? facts : { ...facts, error: null };
    const isBad = error !== null;
    log[isBad ? "error" : "info"]({ event: `module.${event}`, module, ...more, ...(isBad && { err: error }) });
    if (event !== "dead") return;
    life.onDrain(() => Promise.reject(new Error(`module ${module} is down`)));
    // A second signal would cut what is being finished.
    if (!life.draining.aborted) process.kill(process.pid, "SIGTERM");
  };
}

const restartOf = ({ modules }: Config): RestartPolicy => ({
  baseMs: modules.restart_base_ms,
  capMs: modules.restart_cap_ms,
  burst: modules.restart_burst,
  intervalMs: modules.restart_interval_ms,
});

function open({ queue }: Config) {
  const backoff = { baseMs: queue.backoff_base_ms, capMs: queue.backoff_cap_ms };
  return openQueue(queue.url, {
    maxPending: queue.max_pending,
    maxAttempts: queue.max_attempts,
    backoff,
    keepMs: queue.keep_ms,
    limits: Object.fromEntries(Object.entries(queue.limits).map(([type, limit]) => [type, limitOf(limit)])),
  });
}

const limitOf = ({ concurrency, per_sec }: Config["queue"]["limits"][string]) => ({ concurrency, perSecond: per_sec });

/** Writes before the next line runs: nothing of what was logged is lost by a kill. */
function logger(config: Config) {
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level: config.telemetry.log_level, formatters }, pino.destination({ dest: 1, sync: true }));
}

function leave(code: number, message: string): void {
  console.error(message);
  process.exitCode = code;
}

try {
  await main();
} catch (error) {
  leave(
    error instanceof ConfigFault ? EXIT.config : EXIT.failed,
    error instanceof Error ? error.message : String(error),
  );
  process.exit();
}
