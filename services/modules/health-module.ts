import { Hono } from "hono";
import { mountHealth } from "../kit/health.ts";
import { type Aside, servePrivately } from "../kit/private.ts";
import { METRICS_TYPE } from "../telemetry/family.ts";
import { buildInfo } from "./build-info.ts";
import type { Module } from "./module.ts";
import type { Surroundings } from "./surroundings.ts";

/** Answers the supervisor's probes for a process that serves no clients; without a private listener it does nothing. */
export function healthModule({ life, checks, metrics }: Surroundings): Module {
  let aside: Aside | null = null;
  return {
    name: "health",
    async start() {
      const app = new Hono();
      mountHealth(app, { life, info: buildInfo(process.env), checks });
      app.get("/metrics", async (c) => c.body(await metrics.text(), 200, { "content-type": METRICS_TYPE }));
      aside = await servePrivately(app);
    },
    async stop() {
      // While the process drains it is asked to its very end; before that, this is a start that has failed.
      if (!life.draining.aborted) await aside?.close();
    },
  };
}
