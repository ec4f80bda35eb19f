import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What one generation noted of itself. Units: milliseconds since 1970; null: it did not come to that. */
export type Stamped = Readonly<{
  pid: number;
  generation: number;
  bornAtMs: number;
  readyAtMs: number;
  /** After this it accepted no connection. */
  acceptedUntilMs: number | null;
  drainedAtMs: number | null;
}>;

/** A generation that ended itself, by its own note. Units: milliseconds since 1970. `inHand`: more than it had connections. */
export type Death = Readonly<{ unit: string; atMs: number; inHand: number }>;

/** Reads which generations of `services/generation.ts` died in the soak, as they were told to. */
export function deathsIn(root: string): readonly Death[] {
  const died = notesIn(root).filter(({ event }) => event === "died");
  return died.map(({ unit, atMs, inHand = 0 }) => ({ unit, atMs, inHand }));
}

type Note = Readonly<{
  event: string;
  unit: string;
  pid: number;
  generation: number;
  atMs: number;
  bornAtMs?: number;
  readyAtMs?: number;
  acceptedUntilMs?: number;
  inHand?: number;
}>;

function notesIn(root: string): readonly Note[] {
  const file = join(root, "notes/stamps.ndjson");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Note);
}

/** Reads what the generations of `services/generation.ts` noted in a root, in their order. */
export function stampsIn(root: string): readonly Stamped[] {
  const notes = notesIn(root);
  // A pid alone comes back among ten thousand processes.
  const lifeOf = ({ pid, generation }: Pick<Note, "pid" | "generation">) => `${pid} ${generation}`;
  const drained = new Map(notes.filter(({ event }) => event === "drained").map((note) => [lifeOf(note), note]));
  return notes
    .filter(({ event }) => event === "ready")
    .map(({ pid, generation, bornAtMs = 0, readyAtMs = 0 }) => ({
      pid,
      generation,
      bornAtMs,
      readyAtMs,
      acceptedUntilMs: drained.get(lifeOf({ pid, generation }))?.acceptedUntilMs ?? null,
      drainedAtMs: drained.get(lifeOf({ pid, generation }))?.atMs ?? null,
    }));
}

/** What a handover took, from one generation to the next. Units: milliseconds. */
export type Passage = Readonly<{
  generation: number;
  /** From its birth to READY of the new one. */
  bootMs: number;
  /** From READY of the new one until the old one accepted no more. */
  lastAcceptMs: number;
  /** For how long there were two. */
  overlapMs: number;
}>;

export function passagesIn(root: string): readonly Passage[] {
  const all = stampsIn(root);
  return all.flatMap((next, index) => {
    const old = all[index - 1];
    if (!old || old.acceptedUntilMs === null || old.drainedAtMs === null) return [];
    return {
      generation: next.generation,
      bootMs: next.readyAtMs - next.bornAtMs,
      lastAcceptMs: old.acceptedUntilMs - next.readyAtMs,
      overlapMs: old.drainedAtMs - next.bornAtMs,
    };
  });
}

/** Which of the POSTs 1 … `count` no generation took, and which were taken more than once. */
export function strayIds(root: string, count: number): Readonly<{ lost: number; doubled: number }> {
  const taken = new Uint8Array(count + 1);
  let doubled = 0;
  const folder = join(root, "notes");
  for (const name of readdirSync(folder).filter((each) => each.startsWith("ids-"))) {
    const bytes = readFileSync(join(folder, name));
    for (let at = 0; at < bytes.length; at += 4) {
      const n = bytes.readUInt32LE(at);
      if (taken[n]) doubled++;
      taken[n] = 1;
    }
  }
  return { lost: taken.subarray(1).reduce((lost, each) => lost + (each ? 0 : 1), 0), doubled };
}
