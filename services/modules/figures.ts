import { type Family, type Labels, plain } from "../telemetry/family.ts";
import { MODULE_STATES } from "./module.ts";
import type { ModuleReport } from "./slot.ts";

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
