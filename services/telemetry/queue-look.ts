import { ALL_TYPES, type Queue, type Stats, TASK_STATES } from "../queue/queue.ts";
import { type Family, plain } from "./family.ts";
import type { Look } from "./metrics.ts";

/** A scraper that waits for a second, as the supervisor does, is to have the rest of the metrics. */
const LIMIT_MS = 500;

/** Looks at the whole queue, which every process of a service sees alike. One that does not answer in time is down, and has no figures. */
export function queueLook(queue: Pick<Queue, "stats">, limitMs = LIMIT_MS): Look {
  return async () => {
    const stats = await statsOf(queue, limitMs);
    const up = plain("gauge", {}, stats === null ? 0 : 1);
    const upFamily = {
      name: "queue_up",
      type: "gauge",
      help: "1 when the queue answered this scrape.",
      samples: [up],
    } as const;
    return stats === null ? [upFamily] : [upFamily, ...familiesOf(stats)];
  };
}

async function statsOf(queue: Pick<Queue, "stats">, limitMs: number): Promise<Stats | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, limitMs, null);
  });
  try {
    return await Promise.race([queue.stats(), late]);
  } catch {
    return null; // Why it does not answer is told by /readyz, and to the log by those who need it.
  } finally {
    clearTimeout(timer);
  }
}

function familiesOf(stats: Stats): readonly Family[] {
  return [
    {
      name: "queue_tasks",
      type: "gauge",
      help: "Tasks in each state, in the whole queue.",
      samples: TASK_STATES.map((state) => plain("gauge", { state }, stats[state])),
    },
    {
      name: "queue_oldest_queued_seconds",
      type: "gauge",
      help: "Age of the oldest task that was never tried.",
      samples: [plain("gauge", {}, (stats.oldest_queued_ms ?? 0) / 1000)],
    },
    {
      name: "queue_paused",
      type: "gauge",
      help: "1 for each type that no worker takes, and for * when it is all of them.",
      samples: [ALL_TYPES, ...stats.paused.filter((type) => type !== ALL_TYPES)].map((type) =>
        plain("gauge", { type }, stats.paused.includes(type) ? 1 : 0),
      ),
    },
  ];
}
