import type { ReadinessCheck } from "../kit/health.ts";
import type { Queue } from "../queue/queue.ts";
import type { Telemetry } from "./telemetry.ts";

/** What the modules of one process share, beside what each is given of its own. `checks`: what the process needs to be ready. */
export type Surroundings = Telemetry &
  Readonly<{
    queue: Queue;
    checks: Readonly<Record<string, ReadinessCheck>>;
  }>;
