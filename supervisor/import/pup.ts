import type { Document } from "./document.ts";
import { Draft, type Here, type Imported, place, type Remark, unitName } from "./draft.ts";
import { flagOf, mapOf, numberOf, textOf } from "./raw.ts";
import { below, literal, span } from "./template.ts";
import { shellCommand, shellWords } from "./words.ts";

/**
 * Makes units of a pup.json or pup.jsonc.
 * Shape: `{ processes: [{ id: "api", cmd: "deno run -A server.ts", autostart: true, restart: "always" }] }`.
 * Source: pup's lib/core/configuration.ts and lib/core/process.ts, 1.0.
 */
export function importPup({ file, value, lineOf }: Document & Readonly<{ file: string }>, here: Here): Imported {
  const root = mapOf(value);
  const taken = new Set(here.taken);
  const raws: readonly unknown[] = Array.isArray(root.processes) ? root.processes : [];
  const drafts = raws.flatMap((each, index): readonly Draft[] => {
    const raw = mapOf(each);
    const draft = new Draft(unitName(textOf(raw.id) ?? `process-${index + 1}`, taken), file);
    taken.add(draft.name);
    const process: Process = { draft, raw, root, here, lineOf: (key) => lineOf(["processes", index, key]) };
    return importProcess(process) ? [draft] : [];
  });
  const remarks = raws.flatMap((each, index): Remark[] => {
    if (mapOf(each).cmd !== undefined) return [];
    const why = "no unit: a worker runs inside pup itself; make it a program of its own";
    return [{ tag: "lost", at: place(file, "worker", lineOf(["processes", index, "worker"])), why }];
  });
  const beside = Object.keys(root).flatMap((key): Remark[] => {
    const why = LOST_ABOVE[key];
    return why === undefined ? [] : [{ tag: "lost", at: place(file, key, lineOf([key])), why }];
  });
  return { drafts, remarks: [...beside, ...remarks, ...drafts.flatMap((draft) => draft.remarks)] };
}

const LOST_ABOVE: Readonly<Record<string, string>> = {
  api: "the control API is on a unix socket; `listen` in [supervisor] serves it on TCP, too",
  logger: "the journal is the supervisor's own; what services print is kept for each unit",
  watcher: "no unit is restarted when its files change",
  plugins: "there are none",
};

type Process = Readonly<{
  draft: Draft;
  raw: Readonly<Record<string, unknown>>;
  root: Readonly<Record<string, unknown>>;
  here: Here;
  lineOf(key: string): number | undefined;
}>;

function importProcess(process: Process): boolean {
  const { draft, raw, here } = process;
  const cmd = textOf(raw.cmd);
  if (cmd === null) return false;
  // pup runs it through a shell of its own (dax), which knows pipes and variables.
  const found = shellWords(cmd, () => null);
  draft.set("service", "exec_start", found?.words ?? shellCommand(cmd));
  const folder = below(here, textOf(raw.cwd) ?? ".");
  if (folder !== ".") draft.set("service", "working_directory", folder);
  for (const [name, value] of Object.entries(mapOf(raw.env))) draft.variable(name, literal(textOf(value) ?? ""));
  const path = textOf(raw.path);
  if (path !== null) draft.variable("PATH", `\${PATH:-}:${literal(path)}`);
  for (const [name, value] of Object.entries(found?.environment ?? {})) draft.variable(name, value);
  importStart(process);
  importRestart(process);
  importStop(process);
  importCluster(process);
  for (const [key, why] of Object.entries(LOST)) if (key in raw) draft.lose(key, process.lineOf(key), why);
  return true;
}

/** Source: lib/core/process.ts: a process without `autostart` is only started by `cron`, `watch` or by hand. */
function importStart({ draft, raw }: Process): void {
  if (flagOf(raw.autostart) !== true) draft.set("unit", "enabled", false, `supervisor start ${draft.name}`);
}

function importRestart({ draft, raw, lineOf }: Process): void {
  const restart = textOf(raw.restart);
  draft.set("service", "restart", restart === "always" ? "always" : restart === "error" ? "on-failure" : "no");
  if (restart === null) return;
  draft.set("service", "restart_sec", span(numberOf(raw.restartDelayMs) ?? 10_000));
  const limit = numberOf(raw.restartLimit);
  draft.set("service", "start_limit_burst", limit === null ? 0 : Math.round(limit) + 1);
  if (limit === null) return;
  draft.set("service", "start_limit_interval_sec", "infinity");
  draft.change("restartLimit", lineOf("restartLimit"), "`supervisor reset-failed` and a start begin the count anew");
}

function importStop({ draft, raw, root, lineOf }: Process): void {
  const graceSec = numberOf(raw.terminateGracePeriod) ?? numberOf(root.terminateGracePeriod) ?? 0;
  const limitSec = numberOf(raw.terminateTimeout) ?? numberOf(root.terminateTimeout) ?? 30;
  draft.set("service", "timeout_stop_sec", span((graceSec + limitSec) * 1000));
  if (graceSec > 0) {
    draft.change(
      "terminateGracePeriod",
      lineOf("terminateGracePeriod"),
      "SIGTERM is sent at once, with the sum of both times to end in",
    );
  }
  const runSec = numberOf(raw.timeout);
  if (runSec !== null) draft.set("service", "runtime_max_sec", span(runSec * 1000));
}

function importCluster({ draft, raw, lineOf }: Process): void {
  const cluster = mapOf(raw.cluster);
  const count = numberOf(cluster.instances) ?? 1;
  if (count > 1) draft.set("service", "instances", Math.round(count));
  if (raw.cluster === undefined) return;
  const first = numberOf(cluster.startPort);
  if (count > 1 || first !== null) draft.variable("PUP_CLUSTER_INSTANCE", count > 1 ? "%i" : "0");
  const why =
    "nothing balances the load: let the supervisor hold the port, [socket.http], and the service take it from LISTEN_FDS (docs/services-kit.md)";
  for (const key of ["commonPort", "startPort", "strategy"]) {
    if (key in cluster) draft.lose(`cluster.${key}`, lineOf("cluster"), why);
  }
  if (count > 1)
    draft.change("cluster.instances", lineOf("cluster"), "PUP_CLUSTER_INSTANCE counts from 1 here, pup's from 0");
}

const CLOCK = "no unit is started or ended by the clock; let cron or a systemd timer say `supervisor restart NAME`";
const LOST: Readonly<Record<string, string>> = {
  cron: CLOCK,
  terminate: CLOCK,
  watch: "no unit is restarted when its files change",
  overrun: "goes with `cron`",
  pidFile: "there is none: `supervisor status` tells the pid",
  logger: "what it prints is kept in the state directory: `supervisor logs`, [output]",
};
