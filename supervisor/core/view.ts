import { unreachable } from "../unit/fault.ts";
import type { ActiveState, SubState } from "../unit/status.ts";
import type { ChoreKind } from "./facts.ts";
import type { State } from "./state.ts";

/** systemd's two words for a phase. */
export type View = Readonly<{ activeState: ActiveState; subState: SubState }>;

/** Source: systemd's unit states, `systemctl --state=help`. A handover shows as reloading until the old one is told to drain. */
export function viewOf({ phase, leaving, chore }: State): View {
  switch (phase.tag) {
    case "inactive":
      return { activeState: "inactive", subState: "dead" };
    case "finished":
      return phase.holds
        ? { activeState: "active", subState: "exited" }
        : { activeState: "inactive", subState: "dead" };
    case "starting":
      return { activeState: "activating", subState: chore ? atChore[chore.kind] : "start" };
    case "running":
      if (phase.run.mood === "stopping") return { activeState: "deactivating", subState: "stop-sigterm" };
      if (chore) return { activeState: "reloading", subState: atChore[chore.kind] };
      return { activeState: phase.run.mood ?? "active", subState: "running" };
    case "replacing":
    case "soaking":
      return { activeState: "reloading", subState: "running" };
    case "stopping": {
      if (chore) return { activeState: "deactivating", subState: atChore[chore.kind] };
      const killed = leaving.some((one) => one.killed);
      return { activeState: "deactivating", subState: killed ? "stop-sigkill" : "stop-sigterm" };
    }
    case "waiting":
      return { activeState: "activating", subState: "auto-restart" };
    case "failed":
      return { activeState: "failed", subState: "failed" };
    default:
      return unreachable(phase);
  }
}

/** Source: systemd's service states, which are called as its commands are. */
const atChore: Readonly<Record<ChoreKind, SubState>> = {
  "start-pre": "start-pre",
  "start-post": "start-post",
  reload: "reload",
  stop: "stop",
  "stop-post": "stop-post",
};

/** The unit's view is that of its instance which is furthest from serving. One that was stopped or has ended well says nothing beside the others. */
export function worstView(instances: readonly State[]): View {
  const views = instances.filter((state) => !isLetBe(state)).map(viewOf);
  return gravity.flatMap((state) => views.filter((view) => view.activeState === state))[0] ?? idle;
}

function isLetBe({ phase, wanted }: State): boolean {
  return (phase.tag === "inactive" && wanted === "down") || (phase.tag === "finished" && !phase.holds);
}

const idle: View = { activeState: "inactive", subState: "dead" };
const gravity: readonly ActiveState[] = ["failed", "deactivating", "activating", "reloading", "inactive", "active"];
