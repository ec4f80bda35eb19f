import { describe, expect, test } from "bun:test";
import { crossIssues } from "../../supervisor/unit/schema/cross.ts";
import { schema, sections, toUnit } from "../../supervisor/unit/schema.ts";

const service = { script: "a.ts" };

const read = (document: unknown) => toUnit("api", "units/api.toml", schema.parse(document), ["http"]);

test("limits, privileges and credentials are read into their units", () => {
  const limits = { limit_nofile: 65536, limit_core: "infinity", limit_memlock: "64M" };
  const unit = read({
    service: { ...service, ...limits, memory_max: "512M", cpu_quota: "150%", tasks_max: 10, umask: "0027", nice: -5 },
  });
  expect(unit.service.limits).toEqual({ nofile: 65536, core: Infinity, memlock: 67_108_864 });
  expect(unit.service).toMatchObject({ memoryMaxBytes: 536_870_912, cpuQuotaPercent: 150, tasksMax: 10, umask: 0o027 });
  expect(unit.service.nice).toBe(-5);
});

test("a value of the wrong kind is refused for every key there is", () => {
  for (const [section, keys] of Object.entries(sections)) {
    for (const [key, reader] of Object.entries(keys)) {
      const outcome = reader.safeParse(() => "neither text, number, list nor table");
      expect(outcome.success, `${section}.${key}`).toBe(false);
    }
  }
});

test("a probe asks the one question that its key names", () => {
  const socket = { http: { listen_stream: "80" } };
  const ask = (probe: unknown) => read({ service, socket, probe: { readiness: probe } }).probes.readiness?.ask;
  expect(ask({ http_get: "http://127.0.0.1:1/x" })).toEqual({ tag: "http", url: "http://127.0.0.1:1/x" });
  expect(ask({ tcp_socket: "[::1]:80" })).toEqual({ tag: "tcp", host: "::1", port: 80 });
  expect(ask({ exec: ["true"] })).toEqual({ tag: "exec", argv: ["true"] });
  expect(ask({ listener: "http", path: "/readyz" })).toEqual({ tag: "listener", listener: "http", path: "/readyz" });
  expect(ask({ listener: "http" })).toEqual({ tag: "listener", listener: "http", path: "/" });
});

test("Kubernetes' numbers are the probe's defaults", () => {
  expect(read({ service, probe: { liveness: { exec: ["true"] } } }).probes.liveness).toMatchObject({
    initialDelayMs: 0,
    periodMs: 10_000,
    timeoutMs: 1000,
    failureThreshold: 3,
    successThreshold: 1,
  });
});

test("a probe with no question, two questions, or a foreign listener is refused", () => {
  const messages = (probe: unknown) =>
    crossIssues({ service, socket: { http: {} }, probe: { startup: probe } })
      .filter((issue) => issue.path[0] === "probe")
      .map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  expect(messages({})).toEqual([
    "probe.startup: needs exactly one of http_get, tcp_socket, exec, listener; it has none",
  ]);
  expect(messages({ exec: ["a"], listener: "http" })[0]).toContain("it has exec, listener");
  expect(messages({ listener: "htp" })).toEqual([
    'probe.startup.listener: names no socket of this unit: "htp" (did you mean `http`?)',
  ]);
  expect(messages({ exec: ["a"], path: "/" })[0]).toContain("belongs to `listener`");
});

test("a probe's spans have an end, and one success is enough for startup and liveness", () => {
  const fails = (probe: unknown) => !schema.safeParse({ service, probe: { readiness: probe } }).success;
  for (const key of ["initial_delay", "period", "timeout"]) {
    expect(fails({ exec: ["a"], [key]: "infinity" })).toBe(true);
    expect(fails({ exec: ["a"], [key]: "1s" })).toBe(false);
  }
  const messages = (kind: string) =>
    crossIssues({ service, probe: { [kind]: { exec: ["a"], success_threshold: 2 } } }).map(({ message }) => message);
  expect(["startup", "readiness", "liveness"].map(messages)).toEqual([
    ["must be 1 for startup"],
    [],
    ["must be 1 for liveness"],
  ]);
});

test("a probe may ask the private listener of any unit, and so no socket may take its name", () => {
  const probe = { readiness: { listener: "private", path: "/readyz" } };
  expect(crossIssues({ service, probe })).toEqual([]);
  const taken = { private: { listen_stream: "1" } };
  expect(crossIssues({ service, socket: taken }).map((issue) => `${issue.path.join(".")}: ${issue.message}`)).toEqual([
    "socket.private: is the name of the listener that each process of a unit with a probe gets for itself; choose another",
  ]);
  expect(crossIssues({ service, probe: { readiness: { listener: "privat" } } })[0]?.message).toContain("`private`?");
});

test("a datagram socket takes no key that is about connections", () => {
  const a = { listen_datagram: "1", reuse_port: true, free_bind: true, bind_ipv6_only: "both", socket_mode: "0600" };
  expect(crossIssues({ service, socket: { a } })).toEqual([]);
  const more = { backlog: 1, no_delay: false, keep_alive: true, defer_accept_sec: 1 };
  expect(crossIssues({ service, socket: { a: { ...a, ...more } } }).map(({ path }) => path[2])).toEqual(
    Object.keys(more),
  );
  expect(crossIssues({ service, socket: { a: { listen_stream: "1", ...more } } })).toEqual([]);
});

test("a socket is a stream or a datagram one, never both", () => {
  const socket = { http: { listen_stream: "1", listen_datagram: "1" } };
  expect(crossIssues({ service, socket })[0]?.message).toContain("cannot have both");
  expect(read({ service, socket: { http: { listen_datagram: "1" } } }).sockets[0]?.kind).toBe("datagram");
});

describe("a oneshot", () => {
  const oneshot = { ...service, type: "oneshot" };
  const issues = (keys: object) =>
    crossIssues({ service: { ...oneshot, ...keys } }).map((issue) => `${issue.path.join(".")}: ${issue.message}`);

  test("is not started again by itself, and has all the time it needs, unless the file says otherwise", () => {
    expect(read({ service: oneshot }).service).toMatchObject({ restart: "no", timeoutStartMs: Infinity });
    const said = { ...oneshot, restart: "on-failure", timeout_start_sec: "5s" };
    expect(read({ service: said }).service).toMatchObject({ restart: "on-failure", timeoutStartMs: 5_000 });
  });

  test.each(["simple", "exec", "notify"])("is what %s is not: that one is kept up, and has 30 s to start", (type) => {
    expect(read({ service: { ...service, type } }).service).toMatchObject({
      restart: "always",
      timeoutStartMs: 30_000,
    });
  });

  test.each(["always", "on-success"])("with restart = %p is refused: its work would never end", (restart) => {
    const message = `service.restart: "${restart}" would do the work of a oneshot again and again; on-failure and no are possible`;
    expect(issues({ restart })).toEqual([message]);
    expect(crossIssues({ service: { ...service, type: "simple", restart } })).toEqual([]);
  });

  test.each(["no", "on-failure", "on-abnormal", "on-abort", "on-watchdog"])("with restart = %p is taken", (restart) => {
    expect(issues({ restart })).toEqual([]);
  });

  test.each(["runtime_max_sec", "watchdog_sec"])("with %s is refused: it never runs, it only starts", (key) => {
    const message = "has no effect on a oneshot; `timeout_start_sec` says how long its work may take";
    expect(issues({ [key]: "5s" })).toEqual([`service.${key}: ${message}`]);
    expect(crossIssues({ service: { ...service, type: "simple", [key]: "5s" } })).toEqual([]);
  });
});

test("a unit cannot start before one that it is bound to", () => {
  const unit = { binds_to: ["redis"], before: ["log", "redis"] };
  expect(crossIssues({ unit, service })).toEqual([
    { path: ["unit", "before", 1], message: 'cannot start before "redis", which it is bound to' },
  ]);
  expect(crossIssues({ unit: { ...unit, before: ["log"] }, service })).toEqual([]);
  expect(crossIssues({ unit: { ...unit, before: "redis" }, service })).toEqual([]);
});

test("a credential is encrypted or not: a name cannot stand in both tables", () => {
  const both = {
    exec_start: ["a"],
    load_credential: { db: "a", x: "a" },
    load_credential_encrypted: { db: "b", y: "b" },
  };
  expect(crossIssues({ service: both })).toEqual([
    {
      path: ["service", "load_credential_encrypted", "db"],
      message: "stands in `load_credential`, too; keep one of the two",
    },
  ]);
});
