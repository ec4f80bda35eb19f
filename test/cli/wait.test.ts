import { describe, expect, test } from "bun:test";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { makeInstance, makeUnit } from "../control/fixtures/fake-desk.ts";
import { runtimeNames } from "../control/fixtures/runtime.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";
import { withServedRoot } from "./fixtures/served-root.ts";

const activating: Partial<UnitStatus> = {
  active_state: "activating",
  sub_state: "start",
  instances: [makeInstance("api@1", { ready_at: null })],
};
const stopped: Partial<UnitStatus> = { active_state: "inactive", sub_state: "dead", instances: [] };

describe.each(runtimeNames)("on %s", (runtime) => {
  test(
    "wait ends with the event that makes it true, and not before",
    () =>
      withServedRoot({}, async ({ cli, desk }) => {
        desk.units = [makeUnit("api", activating), makeUnit("worker")];
        // Old news must not end it, nor hide what is new.
        for (let count = 0; count < 300; count++) desk.happen({ unit: "api", event: "service.active" });
        let isOver = false;
        const waiting = cli(runtime, "wait", "api", "worker").finally(() => (isOver = true));
        await eventually(() => desk.listening === 1, 10_000, "the events are listened to");
        desk.happen({ unit: "worker", event: "service.active" });
        expect(isOver).toBe(false);
        desk.units = [makeUnit("api"), makeUnit("worker")];
        desk.happen({ unit: "api", event: "service.active" });
        expect(await within(waiting, 5_000, "wait ends")).toEqual({ code: 0, stdout: "", stderr: "" });
      }),
    20_000,
  );

  test(
    "at --timeout it is 124, and says where each unit stands",
    () =>
      withServedRoot({}, async ({ cli, desk }) => {
        desk.units = [makeUnit("api", activating), makeUnit("worker")];
        expect(await cli(runtime, "wait", "api", "worker", "--for", "active", "--timeout", "300ms")).toEqual({
          code: 124,
          stdout: "",
          stderr: "supervisor wait: api: not active within 0.3s, now activating (start)\n",
        });
      }),
    20_000,
  );
});

test.each<[string, string, Partial<UnitStatus>, number]>([
  ["a unit that is ready", "ready", {}, 0],
  ["a reloading one, whose old generation serves", "ready", handover(), 0],
  ["one that is active and not yet ready", "ready", { instances: [makeInstance("api@1", { ready_at: null })] }, 124],
  ["one that is unhealthy", "ready", { health: "unhealthy" }, 124],
  ["an unhealthy one that shall be active", "active", { health: "unhealthy" }, 0],
  ["a task that is over in success", "ready", { sub_state: "exited", instances: [] }, 0],
  ["a failed one", "ready", { active_state: "failed", instances: [] }, 1],
  ["a failed one", "stopped", { active_state: "failed", instances: [] }, 0],
  ["a stopped one", "stopped", stopped, 0],
  ["one whose process is still leaving", "stopped", { ...stopped, instances: [makeInstance("api@1")] }, 124],
  ["one that waits for its next start", "stopped", { active_state: "activating", instances: [] }, 124],
])(
  "%s, --for %s",
  (_, state, changes, code) =>
    withServedRoot({}, async ({ cli, desk }) => {
      desk.units = [makeUnit("api", changes)];
      expect(await cli("bun", "wait", "api", "--for", state, "--timeout", "250ms")).toMatchObject({ code });
    }),
  20_000,
);

test(
  "a daemon that goes while somebody waits for a stop has stopped its units, and is 7 for who waits for a start",
  () =>
    withServedRoot({}, async ({ cli, desk, stopServing }) => {
      desk.units = [makeUnit("api", activating)];
      const match = desk.match.bind(desk);
      let asked = 0;
      desk.match = (patterns) => {
        asked++;
        return match(patterns);
      };
      const waiting = [cli("bun", "wait", "api", "--for", "stopped"), cli("bun", "wait", "api")];
      await eventually(() => asked === 2, 10_000, "both have looked once");
      // Whoever looks again has read the first answer.
      desk.happen({ unit: "api" });
      await eventually(() => asked === 4, 10_000, "both have looked twice");
      await stopServing();
      const ended = await within(Promise.all(waiting), 10_000, "both end");
      expect(ended.map(({ code }) => code)).toEqual([0, 7]);
    }),
  20_000,
);

function handover(): Partial<UnitStatus> {
  const next = makeInstance("api@1", { ready_at: null, pid: 43, generation: 4, phase: "starting" });
  return { active_state: "reloading", instances: [makeInstance("api@1"), next] };
}
