import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { blank, type Ledger } from "../../supervisor/release/ledger.ts";
import { live, mortality } from "./mortal-fs.ts";
import { loadMortal, type MortalRelease } from "./mortal-release.ts";
import { walkReleases } from "./walker.ts";

let mortal: MortalRelease;
let place: string;

beforeAll(async () => {
  mortal = await loadMortal();
  place = mkdtempSync(join(tmpdir(), "sv-killed-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A root that tells its story: three releases, each made of what the one before it was and a change, and what becomes of them. */
class Story {
  readonly root: string;
  readonly stateDir: string;

  constructor() {
    this.root = mkdtempSync(join(place, "root-"));
    this.stateDir = join(this.root, ".supervisor");
    mkdirSync(join(this.stateDir, "releases"), { recursive: true });
    for (const name of ["units/api.toml", "same", "code/main"]) this.put(name, name);
  }

  put(name: string, text: string): void {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  make(name: string): void {
    mortal.sweepDrafts(this.stateDir);
    const place = { source: this.root, root: this.root, stateDir: this.stateDir, origin: this.root };
    const about = { name, now: new Date(0), runtime: "bun", by: null, commit: null };
    mortal.makeRelease({ ...place, ...about, exclude: [], shared: [], sync: () => undefined });
  }

  write(current: string | null): void {
    this.shelf.write({ ...blank, current } satisfies Ledger);
  }

  get shelf(): ReturnType<MortalRelease["openShelf"]> {
    return mortal.openShelf(this.stateDir);
  }

  tell(): void {
    this.make("v1");
    this.write("v1");
    this.put("code/main", "other");
    this.put("code/again", "same");
    this.make("v2");
    this.write("v2");
    this.put("same", "no more");
    this.make("v3");
    this.write("v3");
    this.shelf.remove(["v1"]);
    this.write("v2");
    this.shelf.remove(["v3"]);
    this.write(null);
  }

  /** As the supervisor that comes next, and the next deployment. */
  goOn(): void {
    const read = mortal.readLedger(this.stateDir);
    this.shelf.point("ledger" in read ? read.ledger.current : null);
    mortal.sweepDrafts(this.stateDir);
    this.shelf.remove([]);
  }
}

/** Tells the story until it dies, and walks through what is left of it. */
function dieAt(deed: number, isHalf: boolean): void {
  const story = new Story();
  live(deed, isHalf);
  try {
    story.tell();
  } catch {
    // What it met on its way to death is of no account.
  }
  expect(mortality.isDead).toBe(true);
  live();
  story.goOn();
  const faults = walkReleases(story.stateDir, story.root);
  if (faults.length > 0)
    throw new Error(`killed ${isHalf ? "halfway through" : "before"} deed ${deed}: ${faults.join("; ")}`);
}

test("whoever is killed before any deed, or halfway through it, leaves whole releases, and a ledger of what is there", () => {
  live();
  new Story().tell();
  const deeds = [...mortality.done];
  expect(deeds.filter((canBeHalf) => canBeHalf).length).toBeGreaterThan(20);
  for (const [deed, canBeHalf] of deeds.entries()) {
    dieAt(deed, false);
    if (canBeHalf) dieAt(deed, true);
  }
});
