import { LOST_IN_CONTAINERS, type LostKey } from "../container/lost.ts";

const WHERE_IT_RUNS = "an image does not say it: say it where the container runs";

/** What an image cannot say, though whoever runs it may. */
export const LOST_IN_IMAGES: readonly LostKey[] = [
  ...LOST_IN_CONTAINERS,
  ["unit.requires", ({ requires }) => requires, WHERE_IT_RUNS],
  ["unit.wants", ({ wants }) => wants, WHERE_IT_RUNS],
  ["unit.after", ({ after }) => after, WHERE_IT_RUNS],
  ["unit.before", ({ before }) => before, WHERE_IT_RUNS],
  ["service.type", ({ service }) => service.type === "oneshot", WHERE_IT_RUNS],
  ["service.exec_start_pre", ({ service }) => service.execStartPre, WHERE_IT_RUNS],
  ["service.instances", ({ service }) => service.instances, WHERE_IT_RUNS],
  ["service.restart", ({ service }) => service.restart, WHERE_IT_RUNS],
  ["service.timeout_stop_sec", ({ service }) => service.timeoutStopMs, WHERE_IT_RUNS],
  ["service.reload_mode", ({ service }) => service.reloadMode, WHERE_IT_RUNS],
  ["service.environment_file", ({ service }) => service.environmentFiles, WHERE_IT_RUNS],
  ["service.load_credential", ({ service }) => service.loadCredential, WHERE_IT_RUNS],
  ["service.load_credential_encrypted", ({ service }) => service.loadCredentialEncrypted, WHERE_IT_RUNS],
  ["service.user", ({ service }) => service.user, "the image runs as nobody"],
  ["service.group", ({ service }) => service.group, "the image runs as nobody"],
  ["service.supplementary_groups", ({ service }) => service.supplementaryGroups, "the image runs as nobody"],
  ["service.oom_score_adjust", ({ service }) => service.oomScoreAdjust, WHERE_IT_RUNS],
  ["service.memory_max", ({ service }) => service.memoryMaxBytes, WHERE_IT_RUNS],
  ["service.cpu_quota", ({ service }) => service.cpuQuotaPercent, WHERE_IT_RUNS],
  ["service.tasks_max", ({ service }) => service.tasksMax, WHERE_IT_RUNS],
  ["service.limit_*", ({ service }) => service.limits, WHERE_IT_RUNS],
  ["service.no_new_privileges", ({ service }) => service.noNewPrivileges, WHERE_IT_RUNS],
  ["handover.soak_sec", ({ handover }) => handover.soakMs, WHERE_IT_RUNS],
];
