import type { Workload } from "../container/workload.ts";
import type { YamlMap } from "../yaml.ts";
import { metadata } from "./manifests.ts";
import type { KubernetesOptions } from "./options.ts";
import { QUEUE_SECRET } from "./variable.ts";

/** So many tasks may wait for each worker that there is. */
const WAITING_PER_WORKER = 20;
const MOST_WORKERS = 20;

/**
 * Writes the ScaledObject of the bundled worker, and how KEDA finds the queue: down to no worker at all while nobody has work.
 * Three counts are asked. Tasks that wait (`queued`), and those that wait to be tried again (`failed`): a delayed task is
 * among them, since only a worker finds out that its time has come. And those that run, so that whoever works is not taken
 * away. They are sorted sets, whose members KEDA's Redis scaler counts as it does those of a list.
 * Source: KEDA 2.17, pkg/scalers/redis_scaler.go; the sets are those of services/queue/redis-scripts.ts.
 */
export function scaledByQueue(workload: Workload, options: KubernetesOptions): readonly YamlMap[] {
  const { name, unit, lose } = workload;
  const place = redisPlace(options.queue.url);
  if (place === null)
    lose("queue.url", `is not Redis here: for several pods, put a redis:// URL into the Secret ${QUEUE_SECRET.name}`);
  const { isTls, database, queue } = place ?? DEFAULT_PLACE;
  const trigger = (state: string, listLength: number): YamlMap => ({
    type: "redis",
    metadata: {
      listName: `{${queue}}:state:${state}`,
      listLength: String(listLength),
      databaseIndex: database,
      ...(isTls ? { enableTLS: "true" } : {}),
    },
    authenticationRef: { name: `${name}-queue` },
  });
  return [
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "TriggerAuthentication",
      metadata: metadata(workload, options, `${name}-queue`),
      spec: {
        secretTargetRef: (["address", "username", "password"] as const).map((parameter) => ({
          parameter,
          name: QUEUE_SECRET.name,
          key: QUEUE_SECRET[parameter],
        })),
      },
    },
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: metadata(workload, options),
      spec: {
        scaleTargetRef: { name },
        ...{ pollingInterval: 15, cooldownPeriod: 300, minReplicaCount: 0 },
        maxReplicaCount: Math.max(MOST_WORKERS, unit.service.instances),
        triggers: [
          trigger("queued", WAITING_PER_WORKER),
          trigger("failed", WAITING_PER_WORKER),
          trigger("running", options.queue.concurrency),
        ],
      },
    },
  ];
}

type Place = Readonly<{ isTls: boolean; database: string; queue: string }>;

/** The name that `redis-open.ts` gives a queue which has none. */
const DEFAULT_PLACE: Place = { isTls: false, database: "0", queue: "supervisor" };

/** Shape: `rediss://user:word@host:6379/3?queue=mail` → TLS, "3", "mail". */
function redisPlace(url: string): Place | null {
  const [, scheme, database = "", queue] = /^(rediss?):\/\/[^/?]*(?:\/(\d*))?(?:\?queue=([\w.-]+))?$/.exec(url) ?? [];
  if (scheme === undefined) return null;
  return { isTls: scheme === "rediss", database: database || "0", queue: queue ?? DEFAULT_PLACE.queue };
}
