import { type Family, type Labels, plain } from "../telemetry/family.ts";
import { MODULE_STATES, type ModuleState } from "./module.ts";

/** How a module fares. */
export type ModuleReport = Readonly<{
  name: string;
  state: ModuleState;
  /** Since the process began. */
  restarts: number;
  replaced: number;
  kept: number;
  /** How long the start of the copy took that works; null: none does. */
  startMs: number | null;
  /** What it has in hand, by its quota. */
  inFlight: number;
  /** Why the last wish for another copy was refused; null: it was not. */
  refused: string | null;
}>;

/** What is told of the modules of a process, each under its name. */
export function moduleFamilies(reports: readonly ModuleReport[]): readonly Family[] {
  const each = (type: "gauge" | "counter", values: (report: ModuleReport) => readonly (readonly [Labels, number])[]) =>
    reports.flatMap((report) =>
      values(report).map(([more, value]) => plain(type, { module: report.name, ...more }, value)),
    );
  return [
    {
      name: "module_state",
      type: "gauge",
      help: "1 for the state that a module is in.",
      samples: each("gauge", (now) => MODULE_STATES.map((state) => [{ state }, Number(now.state === state)])),
    },
    {
      name: "module_restarts",
      type: "counter",
      help: "Starts after a failure.",
      samples: each("counter", ({ restarts }) => [[{}, restarts]]),
    },
    {
      name: "module_replacements",
      type: "counter",
      help: "Copies that took over, and copies that were refused.",
      samples: each("counter", ({ replaced, kept }) => [
        [{ result: "done" }, replaced],
        [{ result: "kept" }, kept],
      ]),
    },
    {
      name: "module_start_seconds",
      type: "gauge",
      help: "How long the start of the copy took that works.",
      samples: each("gauge", ({ startMs }) => (startMs === null ? [] : [[{}, startMs / 1000]])),
    },
    {
      name: "module_in_flight",
      type: "gauge",
      help: "Requests, and whatever else it counts, that a module has in hand.",
      samples: each("gauge", ({ inFlight }) => [[{}, inFlight]]),
    },
  ];
}
