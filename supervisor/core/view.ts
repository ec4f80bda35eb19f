import { unreachable } from "../unit/fault.ts";
import type { ActiveState, SubState } from "../unit/status.ts";
import type { State } from "./state.ts";

/** systemd's two words for a phase. */
export type View = Readonly<{ activeState: ActiveState; subState: SubState }>;

/** Source: systemd's unit states, `systemctl --state=help`. A handover shows as reloading until the old one is told to drain. */
export function viewOf({ phase, leaving }: State): View {
  switch (phase.tag) {
    case "inactive":
      return { activeState: "inactive", subState: "dead" };
    case "finished":
      return phase.holds
        ? { activeState: "active", subState: "exited" }
        : { activeState: "inactive", subState: "dead" };
    case "starting":
      return { activeState: "activating", subState: "start" };
    case "running":
      return { activeState: "active", subState: "running" };
    case "replacing":
    case "soaking":
      return { activeState: "reloading", subState: "running" };
    case "stopping": {
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

/** The unit's view is that of its instance which is furthest from serving. */
export function worstView(instances: readonly State[]): View {
  const views = instances.map(viewOf);
  return gravity.flatMap((state) => views.filter((view) => view.activeState === state))[0] ?? idle;
}

const idle: View = { activeState: "inactive", subState: "dead" };
const gravity: readonly ActiveState[] = ["failed", "deactivating", "activating", "reloading", "inactive", "active"];
