import { z } from "zod";

const logLevel = z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info");
const spanMs = z.int().min(0).max(86_400_000);

const supervisor = z.strictObject({
  auto_reload: z.boolean().default(false).describe("Takes a change below units/ and config/ without being told."),
  log_level: logLevel.describe("What the supervisor's journal keeps."),
  listen: z.string().min(1).optional().describe("host:port for the control API over TCP; unset: its unix socket only."),
});

const api = z.strictObject({
  host: z.string().min(1).default("127.0.0.1").describe("Where to bind without a supervisor."),
  port: z.int().min(0).max(65_535).default(8080),
  body_limit_bytes: z.int().min(1).default(1_048_576).describe("Larger requests are answered 413."),
  rate_limit_per_sec: z
    .number()
    .min(0)
    .default(0)
    .describe("Requests for tasks by one client; more get 429. 0: no limit."),
  rate_limit_burst: z.int().min(1).default(100).describe("So many it may make at once after a pause."),
  time_limit_ms: spanMs.min(100).default(10_000).describe("A request that has no answer then is answered 503, or 408."),
  shed_over_ms: spanMs.default(2_000).describe("Who would wait longer for an answer about tasks gets 503. 0: nobody."),
  max_streams: z.int().min(1).default(1_000).describe("Event streams at a time; more get 503."),
  drain_ms: spanMs.default(25_000).describe("How long requests in flight may still run when the service stops."),
});

const worker = z.strictObject({
  concurrency: z.int().min(1).max(1_000).default(4).describe("Tasks at a time in one process."),
  lease_ms: spanMs.min(100).default(30_000).describe("A killed worker's task is taken again after so long."),
  drain_ms: spanMs.default(25_000).describe("Tasks that still run then are given back to the queue."),
  folder: z.string().min(1).default("data").describe("The only folder whose files report.aggregate may read."),
  webhook_reach: z
    .enum(["public", "local", "any"])
    .default("local")
    .describe("Where webhook.deliver may connect to: public addresses; those and this machine's loopback; any."),
  webhook_secret_file: z
    .string()
    .min(1)
    .optional()
    .describe("What signs webhooks; unset: the credential webhook_secret, if there is one."),
});

const typeLimit = z.strictObject({
  concurrency: z.int().min(1).optional().describe("So many at a time."),
  per_sec: z.number().positive().optional().describe("So many begin in a second, evenly spaced."),
});

const queue = z.strictObject({
  url: z
    .string()
    .min(1)
    .default("sqlite:.supervisor/data/queue.db")
    .describe("memory: | sqlite:PATH | redis://USER:PASSWORD@HOST:PORT/DB?queue=NAME"),
  max_pending: z.int().min(1).default(100_000).describe("More waiting tasks than this are refused (503)."),
  max_attempts: z.int().min(1).max(100).default(5).describe("For tasks that name none."),
  keep_ms: z.int().min(0).default(604_800_000).describe("How long a task is kept after its end, with its result."),
  backoff_base_ms: spanMs
    .default(1_000)
    .describe("The first retry comes within this, the next within twice as much, …"),
  backoff_cap_ms: spanMs.default(60_000).describe("… but never later than this."),
  limits: z
    .record(z.string().min(1), typeLimit)
    .default({})
    .describe("How much of one task type goes on, among all workers of the queue."),
});

const modules = z.strictObject({
  max_in_flight: z
    .int()
    .min(1)
    .default(10_000)
    .describe("Requests that one module may have in hand; more are refused at once (503)."),
  restart_base_ms: spanMs
    .default(500)
    .describe("The pause before a failed module is started again; each further one in a row doubles it, …"),
  restart_cap_ms: spanMs.default(30_000).describe("… up to this."),
  restart_burst: z
    .int()
    .min(0)
    .max(1_000)
    .default(5)
    .describe("A module that fails more often within restart_interval_ms ends the process."),
  restart_interval_ms: spanMs.default(60_000),
});

const telemetry = z.strictObject({
  log_level: logLevel.describe("What the services log to stdout."),
  otlp_endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Where traces go by OTLP over HTTP, less /v1/traces; unset: nowhere."),
  service_name: z.string().min(1).optional().describe("What traces call this service; unset: api, worker, all-in-one."),
});

/** Everything that `config/*.toml` may say. Unknown keys are errors; every key has a default. */
export const configSchema = z.strictObject({
  supervisor: supervisor.prefault({}),
  api: api.prefault({}),
  worker: worker.prefault({}),
  queue: queue.prefault({}),
  modules: modules.prefault({}),
  telemetry: telemetry.prefault({}),
});

/** The sections that are read by the module whose they are. */
export const sections = { api, worker } as const;

/** Makes the values of a section, with every default, of what the files say; or says what is wrong with each key. */
export type Section<Values = unknown> = z.ZodType<Values>;

/** The effective configuration: named as in the files, so that a message and the file speak of the same thing. */
export type Config = z.infer<typeof configSchema>;
