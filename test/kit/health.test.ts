import { expect, test } from "bun:test";
import { Hono } from "hono";
import { type HealthOptions, mountHealth } from "../../services/kit/health.ts";
import { leadLife } from "../../services/kit/life.ts";

function mounted(more: Partial<HealthOptions> = {}) {
  const { life, end } = leadLife({ exit: () => {}, notify: () => {}, report: () => {} });
  const app = new Hono();
  mountHealth(app, { life, info: { version: "1.4.0" }, ...more });
  const get = async (path: string) => {
    const response = await app.request(path);
    return { status: response.status, body: await response.json() };
  };
  return { life, end, get };
}

test("a live process is healthy before it is ready and while it drains", async () => {
  const { end, get, life } = mounted();
  expect((await get("/healthz")).status).toBe(200);
  life.onDrain(() => new Promise(() => {}));
  end("SIGTERM");
  expect((await get("/healthz")).status).toBe(200);
});

test("readyz is 503 before ready, 200 after, 503 again once draining", async () => {
  const { end, get, life } = mounted();
  expect(await get("/readyz")).toEqual({ status: 503, body: { status: "starting", checks: {} } });
  life.ready();
  expect(await get("/readyz")).toEqual({ status: 200, body: { status: "ready", checks: {} } });
  life.onDrain(() => new Promise(() => {}));
  end("SIGTERM");
  expect(await get("/readyz")).toEqual({ status: 503, body: { status: "draining", checks: {} } });
});

test("a check that says no, and one that throws, are named; the others are still asked", async () => {
  const checks = {
    queue: () => true,
    disk: async () => false,
    redis: () => {
      throw new Error("connection refused");
    },
  };
  const { get, life } = mounted({ checks });
  life.ready();
  expect(await get("/readyz")).toEqual({
    status: 503,
    body: {
      status: "not ready",
      checks: { queue: "ok", disk: "failed", redis: "failed: connection refused" },
    },
  });
});

test("a check that has something to say holds, and is quoted", async () => {
  const { get, life } = mounted({ checks: { module: async () => "another copy was refused" } });
  life.ready();
  expect(await get("/readyz")).toEqual({
    status: 200,
    body: { status: "ready", checks: { module: "ok: another copy was refused" } },
  });
});

test("info tells build, runtime, process and generation", async () => {
  process.env.SUPERVISOR_GENERATION = "3";
  process.env.SUPERVISOR_INSTANCE = "api@2";
  let mode: string | null = null;
  const { get } = mounted({
    info: {
      version: "1.4.0",
      commit: "53197df",
      get mode() {
        return mode;
      },
    },
  });
  mode = "native-inherited";
  const { body } = await get("/info");
  delete process.env.SUPERVISOR_GENERATION;
  delete process.env.SUPERVISOR_INSTANCE;
  expect(body).toEqual({
    version: "1.4.0",
    commit: "53197df",
    built_at: null,
    runtime: `bun ${process.versions.bun}`,
    pid: process.pid,
    generation: 3,
    instance: "api@2",
    mode: "native-inherited",
  });
  expect((await get("/info")).body).toMatchObject({ generation: null, instance: null });
});
