import { expect, test } from "bun:test";
import { moduleFamilies } from "../../services/modules/figures.ts";
import { renderFamilies } from "../../services/telemetry/family.ts";

test("each module is told of under its name", () => {
  const counts = { restarts: 2, replaced: 3, kept: 4 };
  const text = renderFamilies(
    moduleFamilies([
      { name: "api", state: "running", ...counts, startMs: 1_500, inFlight: 7, refused: null },
      { name: "worker", state: "dead", ...counts, startMs: null, inFlight: 0, refused: "load: no" },
    ]),
  );
  const samples = text.split("\n").filter((line) => !line.startsWith("#") && !line.endsWith(" 0"));
  expect(samples.filter((line) => line !== "")).toEqual([
    'module_state{module="api",state="running"} 1',
    'module_state{module="worker",state="dead"} 1',
    'module_restarts_total{module="api"} 2',
    'module_restarts_total{module="worker"} 2',
    'module_replacements_total{module="api",result="done"} 3',
    'module_replacements_total{module="api",result="kept"} 4',
    'module_replacements_total{module="worker",result="done"} 3',
    'module_replacements_total{module="worker",result="kept"} 4',
    'module_start_seconds{module="api"} 1.5',
    'module_in_flight{module="api"} 7',
  ]);
});
