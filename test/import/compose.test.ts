// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { interpolate } from "../../supervisor/import/compose/interpolate.ts";
import { fixture, imported } from "./imported.ts";

const shop = (dotEnv: string | null = null) =>
  imported({ kind: "compose", main: fixture("compose/compose.yaml") }, { dotEnv });
const one = (lines: string) =>
  imported({
    kind: "compose",
    main: { file: "c.yml", text: `services:\n  x:\n    build: .\n    command: run\n    ${lines}\n` },
  });

test("what is built and has a command runs here, with what it needs, its limits and its probe", () => {
  expect(shop().units.web).toEqual({
    unit: { requires: ["db", "migrate"], wants: ["cache"] },
    service: {
      exec_start: ["node", "server.js", "--name", "two words"],
      instances: 2,
      restart: "always",
      timeout_start_sec: "45s",
      timeout_stop_sec: "90s",
      working_directory: "web",
      environment: {
        LOG_LEVEL: "${LOG_LEVEL:-info}",
        DATABASE_URL: "postgres://shop:${DB_PASSWORD}@127.0.0.1/shop",
        PRICE: "5$",
      },
      environment_file: ["-web.env"],
      memory_max: "256M",
      cpu_quota: "50%",
      tasks_max: 100,
    },
    probe: {
      startup: {
        exec: ["/bin/sh", "-c", "curl -f http://127.0.0.1:8080/ || exit 1"],
        period: "5s",
        timeout: "2s",
        failure_threshold: 8,
      },
      readiness: {
        exec: ["/bin/sh", "-c", "curl -f http://127.0.0.1:8080/ || exit 1"],
        period: "5s",
        timeout: "2s",
        failure_threshold: 4,
      },
    },
  });
});

test("what others wait for until it has ended is a oneshot", () => {
  expect(shop().units.migrate).toMatchObject({
    unit: { requires: ["db"] },
    service: { type: "oneshot", restart: "no", exec_start: ["node", "migrate.js"], working_directory: "web" },
  });
});

test("an image runs by docker, with its ports, volumes and limits, and no value on the command line", () => {
  const { db } = shop().units;
  expect(db.service.exec_start).toEqual([
    ...["docker", "run", "--rm", "--name", "shop-db-%i", "--network", "shop_default", "--network-alias", "db"],
    ...["--publish", "127.0.0.1:5432:5432", "--volume", "shop_data:/var/lib/postgresql/data"],
    ...["--volume", "%r/sql:/docker-entrypoint-initdb.d:ro", "--env", "POSTGRES_PASSWORD", "--env", "TZ"],
    ...["--memory", "1G", "postgres:17"],
  ]);
  expect(db.service.environment).toEqual({ POSTGRES_PASSWORD: "${DB_PASSWORD:-}" });
  expect(db.service).toMatchObject({ restart: "on-failure", start_limit_burst: 4, timeout_stop_sec: "10s" });
  expect(db.service.exec_stop_post).toEqual([["-docker", "rm", "--force", "shop-db-%i"]]);
  expect(db.probe.readiness.exec).toEqual(["docker", "exec", "shop-db-%i", "/bin/sh", "-c", "pg_isready -U postgres"]);
});

test("a service of a profile is not started by itself", () => {
  expect(shop().units.cache.unit).toEqual({ enabled: false });
});

test("what has no place in a unit is told by file, line and key", () => {
  const { lost, changed } = shop();
  expect(lost).toEqual([
    "compose.yaml:52 networks",
    "compose.yaml:32 volumes",
    "compose.yaml:15 ports",
    "compose.yaml:33 labels",
    "compose.yaml:46 logging",
  ]);
  expect(changed).toEqual([
    "compose.yaml:6 build",
    "compose.yaml:35 build",
    "compose.yaml:39 image",
    "compose.yaml:48 image",
  ]);
});

test("variables are filled in from the .env beside the file where a service has any", () => {
  const { units } = shop("DB_PASSWORD=x\n");
  expect(units.web.service.environment_file).toEqual(["-.env", "-web.env"]);
  expect(units.migrate.service.environment_file).toBeUndefined();
});

test.each([
  ["restart: no", { restart: "no" }],
  ["restart: always", { restart: "always" }],
  ['restart: "on-failure:3"', { restart: "on-failure", start_limit_burst: 4 }],
  [
    "deploy: { restart_policy: { condition: any, delay: 5s, max_attempts: 2, window: 1m } }",
    { restart: "always", restart_sec: "5s", start_limit_burst: 3, start_limit_interval_sec: "60s" },
  ],
  ["env_file: a.env", { environment_file: ["a.env"] }],
  ["env_file: [a.env, ./b.env]", { environment_file: ["a.env", "b.env"] }],
  ["environment: [A=1, B]", { environment: { A: "1" } }],
  ["user: '1000:100'", { user: "1000", group: "100" }],
  ["stop_signal: SIGQUIT", { kill_signal: "SIGQUIT" }],
  ["mem_limit: 512mb", { memory_max: "512M" }],
  ["cpus: 1.5", { cpu_quota: "150%" }],
  ["ulimits: { nofile: { soft: 1, hard: 20 } }", { limit_nofile: 20 }],
  ["entrypoint: [sh, -c]", { exec_start: ["sh", "-c", "run"] }],
])("%s", (lines, service) => {
  expect(one(lines).units.x.service).toMatchObject(service);
});

test.each<[string, string]>([
  ["$TAG and ${TAG}", "${TAG:-} and ${TAG:-}"],
  ["${TAG:-a%b}", "${TAG:-a%%b}"],
  ["${TAG-x}", "${TAG:-x}"],
  ["${TAG:?say it}", "${TAG}"],
  ["5$$ 100%", "5$ 100%%"],
  ["${A:-${B}}", "${A:-}"],
])("%s is %s", (text, template) => {
  expect(interpolate(text).text).toBe(template);
});

test("a variable that a unit cannot name is lost, or given to the container as it is", () => {
  expect(one("environment: { discovery.type: single-node, A: b }")).toMatchObject({
    units: { x: { service: { environment: { A: "b" } } } },
    lost: ["c.yml:? environment.discovery.type"],
  });
  const text = "services:\n  x:\n    image: elastic\n    environment: { discovery.type: single-node }\n";
  const { units } = imported({ kind: "compose", main: { file: "c.yml", text } });
  expect(units.x.service.exec_start.slice(-3)).toEqual(["--env", "discovery.type=single-node", "elastic"]);
});

test("an unknown policy, and a file that is no YAML, are told with their line", () => {
  expect(one("restart: sometimes").lost).toEqual(["c.yml:5 restart"]);
  expect(() => imported({ kind: "compose", main: { file: "c.yml", text: "services:\n  a: [\n" } })).toThrow("c.yml:3");
});
