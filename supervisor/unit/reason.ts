/**
 * Why something happened to a unit, for programs: what `cause` of a happening and of `supervisor why --json` says.
 * Units: `…_ms` milliseconds. It may grow by tags and by fields; what stands here keeps its meaning.
 */
export type Reason = Readonly<
  /** `ready`: whether it had said that it is ready before it ended. */
  | { tag: "exit"; code: number; ready: boolean }
  | { tag: "signal"; signal: string; core: boolean; ready: boolean }
  | { tag: "oom"; signal: string }
  /** It ended while no supervisor was there, or as somebody else's child: how is not known. */
  | { tag: "unseen"; ready: boolean }
  | { tag: "spawn"; stage: string; code: string; message: string }
  | { tag: "timeout"; of: "start" | "stop" | "runtime" | "command"; limit_ms: number }
  /** `limit_ms: null`: it asked for it itself. */
  | { tag: "watchdog"; limit_ms: number | null }
  | { tag: "probe"; kind: string; failures: number; detail: string }
  | { tag: "not-serving"; listeners: readonly string[] }
  /** The new generation of a handover said STOPPING=1. */
  | { tag: "stopping" }
  /** A command of the unit failed; what it came to stands behind it. */
  | { tag: "command"; kind: string; program: string }
  /** It is not tried again; its last end stands behind it. */
  | { tag: "start-limit"; burst: number; interval_ms: number }
  /** The old generation of a handover ended by itself; how stands behind it. */
  | { tag: "old-generation" }
  /** Another instance kept its old generation, and the unit stays with it; why stands behind it. */
  | { tag: "sibling"; instance: number }
  | { tag: "stopped" }
  /** Started again by its policy: the how many-th of those starts that count for the start limit. */
  | { tag: "restart"; attempt: number; burst: number }
  /** Another unit: what happened to that stands behind it. */
  | { tag: "dependency"; unit: string; relation: Relation }
  /** Somebody ordered it through the control API. What is known of him is what he said of himself. */
  | {
      tag: "manual";
      order: string;
      user: string | null;
      uid: number | null;
      pid: number | null;
      command: string | null;
    }
  /** A signal to the supervisor. */
  | { tag: "daemon-signal"; order: string; signal: string }
  /** The supervisor started, and the unit is enabled. */
  | { tag: "boot" }
  /** A release did not do well, and was taken back. `why`: who has fallen, and how. */
  | { tag: "release"; release: string; why: string }
  /** The unit file was changed; who had it read again stands behind it. */
  | { tag: "config"; keys: readonly string[] }
>;

/** What another unit is to the one that it moved: `needed_by`, it needs it. */
export type Relation = "requires" | "binds_to" | "part_of" | "conflicts" | "needed_by";

/** A reason and those behind it, nearest first. Shape: `{ tag: "start-limit", burst: 5, …, because: [{ tag: "exit", code: 1, … }] }` */
export type Chain = Reason & Readonly<{ because: readonly Reason[] }>;
