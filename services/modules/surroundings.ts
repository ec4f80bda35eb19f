import type { Logger } from "pino";
import type { Config } from "../../config/schema.ts";
import type { ReadinessCheck } from "../kit/health.ts";
import type { Life } from "../kit/life.ts";
import type { Queue } from "../queue/queue.ts";
import type { Registry } from "../tasks/registry.ts";
import type { WebhookPolicy } from "../tasks/webhook-policy.ts";
import type { Telemetry } from "./telemetry.ts";

/** What every module of one process shares. `checks`: what the process needs to be ready. */
export type Surroundings = Telemetry &
  Readonly<{
    config: Config;
    queue: Queue;
    registry: Registry;
    webhook: WebhookPolicy;
    life: Life;
    log: Logger;
    checks: Readonly<Record<string, ReadinessCheck>>;
  }>;
