import process from "node:process";
import pino, { type Logger } from "pino";
import { loadConfig } from "../config/load.ts";
import { reportFaults } from "../config/report.ts";
import type { Config } from "../config/schema.ts";
import { type Life, processLife } from "./kit/life.ts";
import { apiModule } from "./modules/api-module.ts";
import { type Mode, readCommand, USAGE } from "./modules/command.ts";
import { drainLimit } from "./modules/drain-limit.ts";
import { healthModule } from "./modules/health-module.ts";
import { defaultLimits, type Host, type HostOptions, startModules } from "./modules/host.ts";
import type { Module } from "./modules/module.ts";
import { openTelemetry } from "./modules/telemetry.ts";
import { workerModule } from "./modules/worker-module.ts";
import { guard } from "./queue/circuit.ts";
import { type Opened, openQueue } from "./queue/open.ts";
import { bundledTasks } from "./tasks/registry.ts";
import { readWebhookPolicy, unsigned, type WebhookPolicy } from "./tasks/webhook-policy.ts";

/** The contract's exit codes. */
const EXIT = { failed: 1, usage: 2, config: 6 } as const;

const AFTER_DRAIN_MS = 5_000;

type OpenQueue = Extract<Opened, { ok: true }>;

/** Within the time that a drain leaves before the supervisor's own limit. */
const FLUSH_MS = 500;

/** Each depends on the one before it: who takes requests comes last and stops first. */
const MODULES = {
  api: [apiModule],
  worker: [healthModule, workerModule],
  "all-in-one": [workerModule, apiModule],
} as const satisfies Record<Mode, unknown>;

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  if (typeof command === "string") return leave(EXIT.usage, `${command}\n${USAGE}`);
  const { mode, configDir, overrides } = command;
  const folder = { folder: configDir ?? "config", required: configDir !== null };
  const loaded = loadConfig({ ...folder, env: process.env, overrides });
  if (!loaded.ok) return leave(EXIT.config, reportFaults(loaded.faults));
  const { config } = loaded.value;
  if (config.queue.url === "memory:" && mode !== "all-in-one") {
    return leave(
      EXIT.config,
      `queue.url: memory: is seen by one process only; ${mode} needs sqlite:PATH or redis://HOST:PORT`,
    );
  }
  const webhook = mode === "api" ? unsigned(false) : readWebhookPolicy(config.worker, process.env);
  if (typeof webhook === "string") return leave(EXIT.config, `worker.webhook_secret_file: ${webhook}`);
  const opened = await open(config);
  if (!opened.ok) return leave(opened.isConfig ? EXIT.config : EXIT.failed, `queue.url: ${opened.message}`);
  await run(mode, config, opened, webhook);
}

async function run(mode: Mode, config: Config, opened: OpenQueue, webhook: WebhookPolicy): Promise<void> {
  const { queue, circuit } = guard(opened.queue);
  const life = processLife();
  const log = logger(config);
  for (const warning of opened.warnings) log.warn({ event: "queue.warning" }, warning);
  let host: Host | null = null;
  const checks = {
    queue: () => queue.stats().then(() => true),
    modules: async () => everyoneIsWell((await host?.health()) ?? {}),
  };
  const telemetry = await openTelemetry({ mode, config: config.telemetry, queue, circuit, log });
  const surroundings = { config, queue, registry: bundledTasks, webhook, life, log, checks, ...telemetry };
  const modules = inLine(MODULES[mode].map((module) => module(surroundings)));
  // A module's own drain has a limit, and is to be over first.
  const drainMs = drainLimit(Math.max(config.api.drain_ms, config.worker.drain_ms), process.env);
  const limits = { ...defaultLimits, stopMs: drainMs + AFTER_DRAIN_MS };
  const running = await startModules(modules, { limits, told: tellOf(life, log) });
  host = running;
  life.onDrain(async () => {
    for (const { module, error } of await running.stop())
      log.error({ event: "module.not-stopped", module, err: error });
    await queue.close();
    const lost = await telemetry.tracing.close(FLUSH_MS);
    if (lost > 0) log.warn({ event: "telemetry.lost", spans: lost });
  });
  life.ready(`${mode} is up`);
}

/** Errors: names those that are not. */
function everyoneIsWell(health: Readonly<Record<string, boolean>>): true {
  const ill = Object.keys(health).filter((name) => health[name] === false);
  if (ill.length > 0) throw new Error(ill.join(", "));
  return true;
}

function inLine(modules: readonly Module[]): readonly Module[] {
  return modules.map((module, index) => ({ ...module, dependsOn: modules.slice(index - 1, index).map(nameOf) }));
}

const nameOf = ({ name }: Module): string => name;

/** A module that stays down ends the process, with a failure: whoever supervises it knows what to do. */
function tellOf(life: Life, log: Logger): HostOptions["told"] {
  return (event, module, error) => {
    log[event === "failed" || event === "dead" ? "error" : "info"]({ event: `module.${event}`, module, err: error });
    if (event !== "dead") return;
    life.onDrain(() => Promise.reject(new Error(`module ${module} is down`)));
    process.kill(process.pid, "SIGTERM");
  };
}

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
  leave(EXIT.failed, error instanceof Error ? error.message : String(error));
  process.exit();
}
