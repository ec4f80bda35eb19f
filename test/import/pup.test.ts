import { expect, test } from "bun:test";
import { fixture, imported } from "./imported.ts";

const shop = () => imported({ kind: "pup", main: fixture("pup/pup.jsonc") });

test("processes are units; only those with autostart start by themselves", () => {
  const { units } = shop();
  expect(units.server.service).toEqual({
    exec_start: ["deno", "run", "--allow-net", "server.ts"],
    restart: "always",
    restart_sec: "3s",
    start_limit_burst: 0,
    timeout_stop_sec: "20s",
    environment: { PORT: "8000" },
  });
  expect(units.task).toMatchObject({
    unit: { enabled: false },
    service: { exec_start: ["sh", "-c", "echo done"], restart: "no" },
  });
  expect(units.cluster.service).toMatchObject({
    instances: 3,
    restart: "on-failure",
    start_limit_burst: 6,
    working_directory: "app",
    environment: { MODE: "x", PUP_CLUSTER_INSTANCE: "%i" },
  });
  expect(units.inside).toBeUndefined();
});

test("what has no place in a unit is told by file, line and key", () => {
  const { lost, changed } = shop();
  expect(lost).toEqual([
    "pup.jsonc:4 api",
    "pup.jsonc:25 worker",
    "pup.jsonc:15 cron",
    "pup.jsonc:15 logger",
    ...["commonPort", "startPort", "strategy"].map((key) => `pup.jsonc:23 cluster.${key}`),
  ]);
  expect(changed).toEqual(["pup.jsonc:22 restartLimit", "pup.jsonc:23 cluster.instances"]);
});
