// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the configuration's own.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import { type LoadOrder, loadConfig } from "../../config/load.ts";
import { reportFaults } from "../../config/report.ts";
import { configSchema } from "../../config/schema.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

function load(order: Partial<LoadOrder> = {}) {
  const loaded = loadConfig({ folder, env: {}, ...order });
  if (!loaded.ok) throw new Error(reportFaults(loaded.faults));
  return loaded.value;
}

function faults(order: Partial<LoadOrder> = {}): string {
  const loaded = loadConfig({ folder, env: {}, ...order });
  return loaded.ok ? "" : reportFaults(loaded.faults).replaceAll(`${folder}/`, "");
}

test("default.toml says what the program would do without it", async () => {
  const text = await Bun.file(join(import.meta.dir, "../../config/default.toml")).text();
  expect(configSchema.parse(parse(text))).toEqual(load().config);
  const keys = Object.entries(load().config).flatMap(([section, table]) =>
    Object.keys(table).map((key) => `${section}.${key}`),
  );
  const written = Object.entries(parse(text)).flatMap(([section, table]) =>
    Object.keys(table as object).map((key) => `${section}.${key}`),
  );
  expect(written).toEqual(keys);
});

test("each layer wins over the one before, key by key, and the origin of each is known", () => {
  write("default.toml", '[api]\nport = 1\nhost = "a"\ndrain_ms = 1\n[worker]\nconcurrency = 1\nlease_ms = 1000\n');
  write("production.toml", "[api]\nport = 2\ndrain_ms = 2\n[worker]\nconcurrency = 2\nlease_ms = 2000\n");
  write("local.toml", "[api]\nport = 3\n[worker]\nconcurrency = 3\nlease_ms = 3000\n");
  const env = { SUPERVISOR_ENV: "production", PORT: "4", WORKER_CONCURRENCY: "4" };
  const { config, keys } = load({ env, overrides: ["worker.concurrency=5"] });
  const origin = Object.fromEntries([...keys].map(([key, { layer }]) => [key, layer.name]));
  expect(config.api).toMatchObject({ host: "a", port: 4, drain_ms: 2 });
  expect(config.worker).toMatchObject({ concurrency: 5, lease_ms: 3000 });
  expect(origin).toEqual({
    "api.host": join(folder, "default.toml"),
    "api.port": "$PORT",
    "api.drain_ms": join(folder, "production.toml"),
    "worker.concurrency": "--set worker.concurrency",
    "worker.lease_ms": join(folder, "local.toml"),
  });
});

test("the documented environment variables reach their keys; empty ones are as if unset", () => {
  const env = { QUEUE_URL: "memory:", HOST: "0.0.0.0", PORT: "", LOG_LEVEL: "debug" };
  const { config } = load({ env });
  expect(config.queue.url).toBe("memory:");
  expect(config.api).toMatchObject({ host: "0.0.0.0", port: 8080 });
  expect([config.supervisor.log_level, config.telemetry.log_level]).toEqual(["debug", "debug"]);
});

test("an override's value is TOML, or else the text it is", () => {
  const overrides = ["queue.url=sqlite:/a=b.db", "telemetry.log_level=debug", 'api.host="::1"', "api.port=0x50"];
  const { config } = load({ overrides });
  expect(config.queue.url).toBe("sqlite:/a=b.db");
  expect(config.telemetry.log_level).toBe("debug");
  expect(config.api).toMatchObject({ host: "::1", port: 80 });
});

test("every fault of every layer is named at once, by file, line and key", () => {
  write("default.toml", '# a comment\n[api]\nport = "x"\n\n[worker]\nconcurency = 4\n');
  write("local.toml", "[queue]\nmax_pending = 0\n[wroker]\nlease_ms = 1\n");
  const lines = faults({ env: { LOG_LEVEL: "loud" }, overrides: ["worker.lease_ms=5"] })
    .split("\n")
    .sort();
  expect(lines).toEqual([
    expect.stringMatching(/^\$LOG_LEVEL: supervisor\.log_level: .*"info"/),
    expect.stringMatching(/^\$LOG_LEVEL: telemetry\.log_level: /),
    expect.stringMatching(/^--set worker\.lease_ms: worker\.lease_ms: .*>=100/),
    "default.toml:3: api.port: Invalid input: expected number, received string",
    "default.toml:6: worker.concurency: is not known",
    expect.stringMatching(/^local\.toml:2: queue\.max_pending: .*>=1/),
    "local.toml:4: wroker.lease_ms: is not known",
  ]);
});

test("the limits of task types are tables below queue.limits, and their faults are named by line", () => {
  write("local.toml", '[queue.limits."webhook.deliver"]\nconcurrency = 2\nper_sec = 0.5\n');
  expect(load().config.queue.limits).toEqual({ "webhook.deliver": { concurrency: 2, per_sec: 0.5 } });
  expect(load({ overrides: ["queue.limits={a={per_sec=1}}"] }).config.queue.limits).toEqual({ a: { per_sec: 1 } });
  write("local.toml", '[api]\nport = 1\n[queue.limits."webhook.deliver"]\nconcurrency = 0\nspeed = 1\n');
  expect(faults().split("\n").sort()).toEqual([
    expect.stringMatching(/^local\.toml:4: queue\.limits\.webhook\.deliver\.concurrency: .*>=1/),
    "local.toml:5: queue.limits.webhook.deliver.speed: is not known",
  ]);
});

test("a file that is not TOML is named with its line", () => {
  write("local.toml", '[api]\nhost = "a"\nport = \n');
  expect(faults()).toStartWith("local.toml:3: ");
});

test("a key without a section, and a section that is none, are faults", () => {
  write("local.toml", "port = 1\n");
  expect(faults()).toBe("local.toml:1: port: is not known");
  write("local.toml", "api = 1\n");
  expect(faults()).toBe("local.toml:1: api: Invalid input: expected object, received number");
});

test.each(["port=1", "api.port", "=1", "api.port.deep=1"])("--set %s is refused", (override) => {
  expect(faults({ overrides: [override] })).toContain("must be SECTION.KEY=VALUE");
});

test("a folder that was named must be there; one that was not may be missing", () => {
  const missing = join(folder, "no");
  expect(load({ folder: missing }).config.api.port).toBe(8080);
  expect(faults({ folder: missing, required: true })).toBe("no: no such folder");
});

test("the name of the environment cannot lead out of the folder", () => {
  expect(faults({ env: { SUPERVISOR_ENV: "../x" } })).toBe("$SUPERVISOR_ENV: must be a plain name");
});

test("a placeholder stands for what the schema wants, a text or a number, also below a key", () => {
  write(
    "default.toml",
    '[api]\nport = "${P}"\nhost = "${H:-::1}"\n[queue]\nlimits = { a = { concurrency = "${P}" } }\n',
  );
  const { config } = load({ env: { P: "81", OTEL_SERVICE_NAME: "12" } });
  expect(config.api).toMatchObject({ port: 81, host: "::1" });
  expect(config.queue.limits).toEqual({ a: { concurrency: 81 } });
  expect(config.telemetry.service_name).toBe("12");
  expect(faults({ env: { P: "many" } })).toContain("default.toml:2: api.port: Invalid input: expected number");
});

test("a string is no number where no placeholder made it one", () => {
  write("local.toml", '[api]\nport = "81"\n');
  expect(faults()).toBe("local.toml:2: api.port: Invalid input: expected number, received string");
});

test("all that placeholders lack is told at once with what else is wrong; what does not hold is not looked at", () => {
  write("default.toml", '[api]\nhost = "${GONE}"\n');
  write("local.toml", '[api]\nhost = "${A}-${B}"\nport = 0.5\n[queue]\nurl = "${cred:redis}"\n');
  expect(faults().split("\n")).toEqual([
    "local.toml:2: api.host: ${A} is not set, and there is no default",
    "local.toml:2: api.host: ${B} is not set, and there is no default",
    "local.toml:5: queue.url: ${cred:redis}: there are no credentials here; the unit needs load_credential",
    expect.stringMatching(/^local\.toml:3: api\.port: /),
  ]);
});

test("a variable of the environment and what it holds are not filled in again", () => {
  write("local.toml", '[api]\nhost = "${H}"\n');
  const { config } = load({ env: { H: "${X}", QUEUE_URL: "${Y}" } });
  expect([config.api.host, config.queue.url]).toEqual(["${X}", "${Y}"]);
});
