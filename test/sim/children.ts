import type { ProcessFact } from "../../supervisor/core/event.ts";
import type { Exit } from "../../supervisor/core/facts.ts";
import type { Random } from "./random.ts";

/** How one virtual process will behave, drawn when it is spawned. Units: milliseconds; null means never. */
export type Child = Readonly<{
  spawnFails: boolean;
  readyAfter: number | null;
  readyTwice: boolean;
  /** How often it gives a sign of life, and for how long; a hung one stops. */
  signsEveryMs: number | null;
  signs: number;
  /** It asks for more time while it starts. */
  extendsBy: number | null;
  exitsAfter: number | null;
  exit: Exit;
  /** From SIGTERM to its exit; null ignores SIGTERM. */
  termTakes: number | null;
  /** It leaves a member of its group behind, which only SIGKILL (or luck) ends. */
  survivor: boolean;
  /** Its exit is told once more, later. */
  exitTwice: boolean;
  /** How many of a hundred probes it passes. */
  fitness: number;
  /** It says STOPPING=1 by itself, or RELOADING=1; or names another main process. */
  saysAfter: Readonly<{ ms: number; word: "stopping" | "reloading" | "main-pid" }> | null;
}>;

/** How one virtual command of a unit behaves. Null: it hangs. */
export type Errand = Readonly<{ spawnFails: boolean; takes: number | null; exit: Exit; survivor: boolean }>;

export function drawErrand(random: Random): Errand {
  return {
    spawnFails: random.chance(4),
    takes: random.chance(8) ? null : random.below(random.chance(15) ? 3_000 : 120),
    exit: random.chance(88) ? { by: "code", code: 0 } : drawExit(random),
    survivor: random.chance(6),
  };
}

export function drawChild(random: Random): Child {
  const kind = random.below(100);
  return {
    spawnFails: kind >= 95,
    readyAfter: random.chance(80) ? 1 + random.below(400) : random.chance(50) ? null : 5_000,
    readyTwice: random.chance(20),
    signsEveryMs: random.chance(30) ? 400 : null,
    signs: random.below(14),
    extendsBy: random.chance(10) ? 1_000 : null,
    exitsAfter: random.chance(35) ? 1 + random.below(random.chance(50) ? 600 : 60_000) : null,
    exit: drawExit(random),
    termTakes: random.chance(20) ? null : random.below(1_500),
    survivor: random.chance(10),
    exitTwice: random.chance(20),
    fitness: random.pick([100, 100, 97, 80, 0]),
    saysAfter: random.chance(6)
      ? { ms: 1 + random.below(3_000), word: random.pick(["stopping", "reloading", "main-pid"] as const) }
      : null,
  };
}

function drawExit(random: Random): Exit {
  if (random.chance(60)) return { by: "code", code: random.pick([0, 1, 3]) };
  return { by: "signal", signal: random.pick(["SIGSEGV", "SIGKILL", "SIGTERM"]), core: false };
}

/** A fact that will be told at its time. */
export type Due = Readonly<{ at: number; seq: number; fact: ProcessFact }>;
