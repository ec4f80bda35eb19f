import { age } from "./age.ts";
import { printable } from "./printable.ts";

/** What `GET /queue` answers. */
export type QueueStats = Readonly<{
  tasks: Readonly<Record<string, number>>;
  oldest_queued_ms: number | null;
  paused: readonly string[];
}>;

/** What a list of tasks says of each, as far as it is shown. */
export type QueueTask = Readonly<{
  id: string;
  type: string;
  state: string;
  attempts: number;
  max_attempts: number;
  created_at: string;
  error: Readonly<{ code: string; message: string }> | null;
}>;

/** Renders how many tasks are in each state, the age of the oldest that waits, and what is paused. */
export function renderStats({ tasks, oldest_queued_ms, paused }: QueueStats): string {
  const rows = [
    ...Object.entries(tasks).map(([state, count]) => [state, String(count)] as const),
    ["oldest queued", oldest_queued_ms === null ? "-" : age(oldest_queued_ms)],
    ["paused", paused.map((type) => (type === "*" ? "all" : printable(type))).join(" ") || "-"],
  ] as const;
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
}

/** Renders tasks, a line each, with what went wrong last. */
export function renderTasks(tasks: readonly QueueTask[], now: Date): string {
  if (tasks.length === 0) return "no tasks\n";
  const rows = tasks.map((task) => [
    task.id,
    printable(task.type),
    task.state,
    `${task.attempts}/${task.max_attempts}`,
    age(now.getTime() - Date.parse(task.created_at)),
    task.error === null ? "" : printable(`${task.error.code}: ${task.error.message}`),
  ]);
  const all = [["ID", "TYPE", "STATE", "ATTEMPTS", "AGE", "ERROR"], ...rows];
  const widths = all[0]?.map((_, at) => Math.max(...all.map((row) => [...(row[at] ?? "")].length))) ?? [];
  return all
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
