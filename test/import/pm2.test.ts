import { expect, test } from "bun:test";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fixture, imported } from "./imported.ts";

const program = "pm2/ecosystem.config.cjs";
const exported = createRequire(import.meta.url)(join(import.meta.dirname, "fixtures", program));
const root = join(import.meta.dirname, "fixtures/pm2");
const shop = (env: string | null = null) => imported({ kind: "pm2", main: fixture(program), exported }, { root, env });

test("a cluster becomes one process that says how many there were; what restarts it, how long and how far is carried over", () => {
  const { units, texts } = shop();
  expect(units["shop-api"]).toEqual({
    service: {
      script: "server.js",
      runtime: "node",
      instances: 1,
      restart: "always",
      restart_sec: "100ms",
      restart_steps: 13,
      restart_max_delay_sec: "15s",
      start_limit_burst: 16,
      start_limit_interval_sec: "16s",
      timeout_start_sec: "10s",
      timeout_stop_sec: "5s",
      kill_signal: "SIGINT",
      memory_max: "300M",
      environment: {
        NODE_APP_INSTANCE: "0",
        NODE_ENV: "development",
        PORT: "3000",
        GREETING: "100%%",
      },
    },
  });
  expect(texts["shop-api"]).toContain("# pm2 ran 4 in a cluster");
  expect(texts["shop-api"]).toContain("instances = 4");
});

test("processes that are not in a cluster keep their number, their folder, their words and their limits", () => {
  expect(shop().units["queue-worker"]).toEqual({
    service: {
      exec_start: ["python3", "worker.py", "--queue", "high low", "--retries", "3"],
      instances: 2,
      restart: "always",
      restart_sec: "4s",
      start_limit_burst: 10,
      start_limit_interval_sec: "50s",
      timeout_stop_sec: "1600ms",
      kill_signal: "SIGINT",
      working_directory: "jobs",
      environment: { NODE_APP_INSTANCE: "%i" },
    },
    output: { timestamps: true },
  });
});

test("a script that is a command line runs without a shell where none is needed; flags of node stand before the script", () => {
  const { front, nightly } = shop().units;
  expect(front.service.exec_start).toEqual(["npm", "run", "start", "--", "--port", "4000"]);
  expect(nightly.service.exec_start).toEqual(["node", "--max-old-space-size=512", "dist/report.js"]);
  expect(nightly.service.restart).toBe("no");
});

test("what has no place in a unit is told by file, line and key", () => {
  const { lost, changed } = shop();
  expect(lost.map((line) => line.replace("ecosystem.config.cjs:", ""))).toEqual([
    "48 deploy",
    "17 wait_ready",
    "23 env_production",
    "4 error_file",
    "4 out_file",
    "39 watch",
    "39 ignore_watch",
    "44 cron_restart",
  ]);
  expect(changed.map((line) => line.replace("ecosystem.config.cjs:", ""))).toEqual([
    "13 instances",
    "18 listen_timeout",
    "16 max_memory_restart",
    "27 name",
    "32 instances",
  ]);
});

test("--env takes what env_NAME says, over env", () => {
  const { units, lost } = shop("production");
  expect(units["shop-api"].service.environment).toMatchObject({ NODE_ENV: "production", PORT: "3000" });
  expect(lost.join()).not.toContain("env_production");
});

test("JSON with comments, tabs and trailing commas is read, with the names that pm2 has besides", () => {
  const { units, lost, changed } = imported(
    { kind: "pm2", main: fixture("pm2/processes.json.txt") },
    { base: "deploy" },
  );
  expect(units.bot.service).toMatchObject({
    exec_start: ["%r/deploy/bot.ts"],
    user: "bot",
    working_directory: "deploy",
    environment: { TOKEN_FILE: "/run/secrets/token" },
  });
  expect(units["all-of-it"].service.exec_start).toEqual(["bun", "run", "start"]);
  expect(lost).toEqual(["processes.json:10 watch", "processes.json:11 colour"]);
  expect(changed).toEqual(["processes.json:14 name"]);
});

test("YAML with an anchor is read", () => {
  const { units, lost } = imported({ kind: "pm2", main: fixture("pm2/pm2.yaml") });
  expect(units.site.service).toMatchObject({ script: "app.js", runtime: "node", instances: 2 });
  expect(units.sync).toMatchObject({
    unit: { enabled: false },
    service: { environment: { PORT: "8081" }, restart_prevent_exit_status: [0], kill_mode: "process" },
  });
  expect(lost).toEqual(["pm2.yaml:6 increment_var"]);
});

const runs = (app: object, cores = 4) =>
  imported({ kind: "pm2", main: { file: "e.js", text: "" }, exported: [{ name: "a", ...app }] }, { cores }).units.a
    .service;

test.each([
  [{ script: "a.js", instances: "max", exec_mode: "fork" }, { instances: 4 }],
  [{ script: "a.js", instances: -1, exec_mode: "fork" }, { instances: 3 }],
  [{ script: "a.js", instances: "2", exec_mode: "fork_mode" }, { instances: 2 }],
  [
    { script: "a.py", instances: 3 },
    { instances: 3, exec_start: ["python3", "a.py"] },
  ],
  [{ script: "a.js", instances: 3 }, { instances: 1 }],
  [{ script: "/srv/shop/b/a.js" }, { script: "b/a.js" }],
  [{ script: "./a.sh", cwd: "/srv/shop" }, { exec_start: ["bash", "./a.sh"] }],
  [{ script: "npm", args: "start" }, { exec_start: ["npm", "start"] }],
  [{ script: "bin/run", interpreter: "none" }, { exec_start: ["%r/bin/run"] }],
  [
    { script: "a.js", interpreter: "bun", cwd: "web" },
    { script: "web/a.js", runtime: "bun", working_directory: "web" },
  ],
  [
    { script: "a.js", interpreter: "node@20" },
    { script: "a.js", runtime: "node" },
  ],
  [{ script: "cd web && npm start" }, { exec_start: ["bash", "-c", "cd web && npm start"] }],
  [{ script: "a.js", max_memory_restart: "1.5G" }, { memory_max: "1.5G" }],
  [{ script: "a.js", max_memory_restart: 209715200 }, { memory_max: 209715200 }],
  [{ script: "a.js", args: ["--at", "50%"] }, { args: ["--at", "50%%"] }],
  [{ script: "a.js", max_restarts: 0 }, { restart: "no" }],
])("%j runs as %j", (app, service) => {
  expect(runs(app)).toMatchObject(service);
});

test("a file without a script to run makes no unit, and says so", () => {
  const { units, lost } = imported({ kind: "pm2", main: { file: "p.yml", text: "apps:\n  - name: x\n" } });
  expect(units).toEqual({});
  expect(lost).toEqual(["p.yml:2 apps.0"]);
});

test.each([
  ["one app alone", '{ "script": "a.js" }'],
  ["a map of one app", '{ "apps": { "script": "a.js" } }'],
  ["a list without a name", '[{ "script": "a.js" }]'],
])("%s is read", (_, text) => {
  const { units, lost } = imported({ kind: "pm2", main: { file: "process.json", text } });
  expect(units.a.service.script).toBe("a.js");
  expect(lost).toEqual([]);
});
