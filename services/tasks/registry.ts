import { reportAggregate } from "./report-aggregate.ts";
import type { TaskType } from "./task-type.ts";
import { webhookDeliver } from "./webhook-deliver.ts";

/** The task types that an API accepts and a worker runs, by name. */
export type Registry = ReadonlyMap<string, TaskType>;

export function registryOf(types: readonly TaskType[]): Registry {
  return new Map(types.map((type) => [type.name, type]));
}

/** The task types that come with the project. */
export const bundledTasks: Registry = registryOf([reportAggregate, webhookDeliver]);
