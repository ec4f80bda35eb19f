import type { Unit } from "../../unit/unit.ts";
import { LOST_IN_CONTAINERS, type LostKey } from "../container/lost.ts";

const NO_ORDER = "pods start in any order: what needs another one has to wait for it";
const ON_THE_NODE = "limits of a process are the node's to give";

/** What has no place in a manifest, besides what has none in any container. */
export const LOST_IN_KUBERNETES: readonly LostKey[] = [
  ...LOST_IN_CONTAINERS,
  ["unit.requires", ({ requires }) => requires, NO_ORDER],
  ["unit.wants", ({ wants }) => wants, NO_ORDER],
  ["unit.after", ({ after }) => after, NO_ORDER],
  ["unit.before", ({ before }) => before, NO_ORDER],
  [
    "service.kill_signal",
    ({ service }) => service.killSignal,
    "the image says it (STOPSIGNAL), as `generate docker` writes it",
  ],
  [
    "service.load_credential_encrypted",
    ({ service }) => service.loadCredentialEncrypted,
    "nobody decrypts it: its Secret holds what it says",
  ],
  ["service.oom_score_adjust", ({ service }) => service.oomScoreAdjust, "it follows from requests and limits"],
  ["service.tasks_max", ({ service }) => service.tasksMax, "it is the kubelet's, podPidsLimit"],
  ["service.restart", restartOf, "a Deployment starts its pods again, whatever they end with"],
];

/** Every limit that the unit names. */
export function lostLimits({ service }: Unit): readonly (readonly [string, string])[] {
  return Object.keys(service.limits).map((name) => [`service.limit_${name}`, ON_THE_NODE] as const);
}

/** A Job knows `no` and `on-failure`, a Deployment `always`. */
function restartOf({ service }: Unit): unknown {
  const known = service.type === "oneshot" ? ["no", "on-failure"] : ["always"];
  return known.includes(service.restart) ? "always" : service.restart;
}
