import { expect, test } from "bun:test";
import { renderMetrics } from "../../supervisor/control/metrics.ts";
import { createControl } from "../../supervisor/control/routes.ts";
import { eventually } from "../support/eventually.ts";
import { FakeDesk, makeUnit } from "./fixtures/fake-desk.ts";
import { fakeOptions } from "./fixtures/serve.ts";

test("the figures are those of the status, in OpenMetrics", () => {
  const desk = new FakeDesk();
  desk.units = [makeUnit("api", { restarts: 2 }), makeUnit("worker", { active_state: "failed", generation: 1 })];
  expect(
    renderMetrics(desk.status(), new Map([["api", { done: 4, "kept-old": 1, failed: 0 }]])),
  ).toBe(`# TYPE supervisor info
# HELP supervisor What runs here.
supervisor_info{version="0.1.0",runtime="bun \\"x\\""} 1
# TYPE supervisor_start_time_seconds gauge
# HELP supervisor_start_time_seconds When the supervisor started, in Unix seconds.
supervisor_start_time_seconds 1767693600
# TYPE supervisor_units gauge
# HELP supervisor_units Units by state.
supervisor_units{state="active"} 1
supervisor_units{state="reloading"} 0
supervisor_units{state="inactive"} 0
supervisor_units{state="failed"} 1
supervisor_units{state="activating"} 0
supervisor_units{state="deactivating"} 0
# TYPE supervisor_unit_active gauge
# HELP supervisor_unit_active 1 while the unit serves, reloading included.
supervisor_unit_active{unit="api"} 1
supervisor_unit_active{unit="worker"} 0
# TYPE supervisor_unit_generation gauge
# HELP supervisor_unit_generation The unit's generation.
supervisor_unit_generation{unit="api"} 3
supervisor_unit_generation{unit="worker"} 1
# TYPE supervisor_unit_restarts counter
# HELP supervisor_unit_restarts Automatic restarts.
supervisor_unit_restarts_total{unit="api"} 2
supervisor_unit_restarts_total{unit="worker"} 0
# TYPE supervisor_handovers counter
# HELP supervisor_handovers Handovers by result.
supervisor_handovers_total{unit="api",result="done"} 4
supervisor_handovers_total{unit="api",result="kept-old"} 1
supervisor_handovers_total{unit="api",result="failed"} 0
supervisor_handovers_total{unit="worker",result="done"} 0
supervisor_handovers_total{unit="worker",result="kept-old"} 0
supervisor_handovers_total{unit="worker",result="failed"} 0
# EOF
`);
});

test("handovers are counted as they happen", async () => {
  const desk = new FakeDesk();
  const closing = new AbortController();
  const app = createControl(desk, fakeOptions({ closing: closing.signal }));
  desk.happen({ unit: "api", event: "handover.done" });
  desk.happen({ unit: "api", event: "handover.kept-old" });
  desk.happen({ unit: "api", event: "handover.done" });
  const metrics = await eventually(
    async () => {
      const text = await (await app.request("/metrics")).text();
      return text.includes('supervisor_handovers_total{unit="api",result="done"} 2') && text;
    },
    1000,
    "two handovers counted",
  );
  expect(metrics).toContain('supervisor_handovers_total{unit="api",result="kept-old"} 1');
  expect((await app.request("/metrics")).headers.get("content-type")).toStartWith("application/openmetrics-text");
  closing.abort();
});
