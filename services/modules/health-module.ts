import { Hono } from "hono";
import { mountHealth } from "../kit/health.ts";
import { METRICS_TYPE } from "../telemetry/family.ts";
import { buildInfo } from "./build-info.ts";
import type { Module } from "./module.ts";
import type { Surroundings } from "./surroundings.ts";

/** Answers the supervisor's probes for a process that serves no clients; without a private listener it does nothing. */
export function healthModule({ checks, metrics }: Surroundings): Module {
  return {
    name: "health",
    async start({ life, listenPrivately }) {
      const app = new Hono();
      mountHealth(app, { life, info: buildInfo(process.env), checks });
      app.get("/metrics", async (c) => c.body(await metrics.text(), 200, { "content-type": METRICS_TYPE }));
      await listenPrivately(app);
    },
    async stop() {},
  };
}
