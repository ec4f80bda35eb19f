import { z } from "zod";

/** A change of such a key holds without a new process. */
const live = { live: true } as const;

const logLevel = z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info");
const spanMs = z.int().min(0).max(86_400_000);

const paths = z.array(
  z.string().regex(/^(?!\.{0,2}(?:\/|$))(?!.*(?:^|\/)\.\.(?:\/|$)).+[^/]$/, "must be a path below the root"),
);

const supervisor = z.strictObject({
  auto_reload: z
    .boolean()
    .default(false)
    .describe("Takes a change below units/ and config/ without being told.")
    .meta(live),
  config_source: z
    .string()
    .max(180)
    .regex(
      /^(?:https?:\/\/[!-.0->A-~]+\/|consul(?:\+https)?:\/\/[!-.0->A-~]+\/[!-~])[!-~]*$/,
      "must be https://HOST/PATH, http://HOST/PATH, consul://HOST:PORT/KEY or consul+https://HOST:PORT/KEY",
    )
    .regex(/^[^?#@]*$/, "must have no user, no query and no fragment")
    .optional()
    .describe("A TOML text like those of config/, which is asked for over HTTP and counts more than they; unset: none.")
    .meta(live),
  config_source_token_file: z
    .string()
    .min(1)
    .optional()
    .describe("Holds the token that is shown to config_source; unset: none is.")
    .meta(live),
  log_level: logLevel.describe("What the supervisor's journal keeps.").meta(live),
  listen: z
    .string()
    .min(1)
    .optional()
    .describe("host:port for the control API over TCP; unset: its unix socket only.")
    .meta(live),
});

const credentials = z.strictObject({
  key_command: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("Prints the keys of encrypted credentials, one a line; unset: they are in <state>/creds.key.")
    .meta(live),
});

const api = z.strictObject({
  host: z.string().min(1).default("127.0.0.1").describe("Where to bind without a supervisor."),
  port: z.int().min(0).max(65_535).default(8080),
  body_limit_bytes: z.int().min(1).default(1_048_576).describe("Larger requests are answered 413."),
  rate_limit_per_sec: z
    .number()
    .min(0)
    .default(0)
    .describe("Requests for tasks by one client; more get 429. 0: no limit.")
    .meta(live),
  rate_limit_burst: z.int().min(1).default(100).describe("So many it may make at once after a pause.").meta(live),
  time_limit_ms: spanMs.min(100).default(10_000).describe("A request that has no answer then is answered 503, or 408."),
  shed_over_ms: spanMs
    .default(2_000)
    .describe("Who would wait longer for an answer about tasks gets 503. 0: nobody.")
    .meta(live),
  max_streams: z.int().min(1).default(1_000).describe("Event streams at a time; more get 503.").meta(live),
  drain_ms: spanMs.default(25_000).describe("How long requests in flight may still run when the service stops."),
});

const worker = z.strictObject({
  concurrency: z.int().min(1).max(1_000).default(4).describe("Tasks at a time in one process.").meta(live),
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

const commands = z.array(z.array(z.string()).min(1)).default([]);

const release = z.strictObject({
  rollback_after_ms: spanMs
    .default(60_000)
    .describe(
      "A release that does badly within this after its deployment is taken back by itself. 0: it is not watched.",
    )
    .meta(live),
  worse_factor: z
    .number()
    .min(0)
    .default(3)
    .describe("So much worse than before may its errors and response times be in that time. 0: they are not compared.")
    .meta(live),
  keep: z.int().min(1).max(100).default(10).describe("So many of the newest releases are kept.").meta(live),
  exclude: paths.default([]).describe("Paths that are not part of a release.").meta(live),
  shared: paths
    .default([".supervisor/data", "data"])
    .describe("Folders that all releases have in common: in their place stands a link to that of the root.")
    .meta(live),
  pre_deploy: commands.describe("Commands to be run in the new tree before the first handover.").meta(live),
  post_deploy: commands.describe("Commands to be run in it when it has proved itself.").meta(live),
  post_rollback: commands.describe("Commands to be run in the tree that was left, when everybody is back.").meta(live),
  hook_limit_ms: spanMs.min(1).default(600_000).describe("How long each of these may take.").meta(live),
});

const telemetry = z.strictObject({
  log_level: logLevel.describe("What the services log to stdout.").meta(live),
  otlp_endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Where traces go by OTLP over HTTP, less /v1/traces; unset: nowhere."),
  service_name: z.string().min(1).optional().describe("What traces call this service; unset: api, worker, all-in-one."),
});

/** Everything that `config/*.toml` may say. Unknown keys are errors; every key has a default. */
export const configSchema = z.strictObject({
  supervisor: supervisor.prefault({}),
  credentials: credentials.prefault({}),
  api: api.prefault({}),
  worker: worker.prefault({}),
  queue: queue.prefault({}),
  modules: modules.prefault({}),
  telemetry: telemetry.prefault({}),
  release: release.prefault({}),
});

/** Whether a change of a key holds without a new process: its reader takes it while it runs. Shape: `api.max_streams` → true. */
export function isLive(key: string): boolean {
  const [section = "", name = ""] = key.split(".");
  const { shape } = configSchema;
  if (!Object.hasOwn(shape, section)) return false;
  const keys: Readonly<Record<string, z.ZodType>> = shape[section as keyof typeof shape].unwrap().shape;
  return keys[name]?.meta()?.live === true;
}

/** Whether a key is for the services alone: the supervisor checks and shows it, and need not know what they know. */
export const isOthers = (key: string): boolean => !/^(?:supervisor|credentials)\./.test(key);

/** The sections that are read by the module whose they are. */
export const sections = { api, worker } as const;

/** Makes the values of a section, with every default, of what the files say; or says what is wrong with each key. */
export type Section<Values = unknown> = z.ZodType<Values>;

/** The effective configuration: named as in the files, so that a message and the file speak of the same thing. */
export type Config = z.infer<typeof configSchema>;
