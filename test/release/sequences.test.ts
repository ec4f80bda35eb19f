import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStateLog, StateLog } from "../../supervisor/daemon/state-log.ts";
import { sweepDrafts } from "../../supervisor/release/make.ts";
import { readLedger } from "../../supervisor/release/shelf.ts";
import { ofRelease } from "../../supervisor/unit/release.ts";
import type { InstanceStatus } from "../../supervisor/unit/status.ts";
import { createRandom, type Random } from "../sim/random.ts";
import { makeUnit } from "../support/units.ts";
import { Killed, live, mortality } from "./mortal-fs.ts";
import { loadMortal, type MortalRelease } from "./mortal-release.ts";
import { BOOT, ReleaseRig } from "./release-rig.ts";
import { walkReleases } from "./walker.ts";

const SEQUENCES = 200;
const STEPS = 7;
/** So many rounds of everybody doing well bring everything to rest. */
const MOST_ROUNDS = 40;
/** Thousands of small files cost least there. */
const MEMORY = "/dev/shm";
const NAMES = ["v1", "v2", "v3", "v4", "v5"] as const;

const quick = { handover: { soakMs: 0 } };
const units = [makeUnit("api", quick), makeUnit("web", { ...quick, after: ["api"] })];

let mortal: MortalRelease;
let place: string;

beforeAll(async () => {
  mortal = await loadMortal();
  place = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "sv-sequences-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));
afterEach(() => {
  ReleaseRig.begin = {};
  live();
});

/** A root with real releases, and one supervisor after the other, on virtual ports, that is killed at any of its deeds. */
class Site {
  readonly root = mkdtempSync(join(place, "root-"));
  readonly stateDir = join(this.root, ".supervisor");
  readonly #random: Random;
  rig: ReleaseRig;
  /** What the supervisor has written down of its units. */
  #log = "";
  deaths = 0;
  /** What supervisors have told, those that are dead as well. */
  readonly told = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
    mkdirSync(join(this.stateDir, "releases"), { recursive: true });
    for (const name of ["main", "same"]) writeFileSync(join(this.root, name), name);
    this.rig = this.#begin();
  }

  /** Whoever comes after the one that was killed has nothing but the disk, and the processes. */
  #begin(): ReleaseRig {
    const read = readLedger(this.stateDir);
    if ("fault" in read) throw new Error(read.fault);
    const { ledger } = read;
    const { left } = readStateLog(this.#log, BOOT);
    const alive = this.rig ? this.#processes() : [];
    const file = {
      append: (text: string) => this.#keep(this.#log + text),
      replace: (text: string) => this.#keep(text),
    };
    const stateLog = () => new StateLog({ file, boot: BOOT, version: "1", failed: () => undefined });
    const nonce = String(this.deaths).padStart(24, "0");
    const ports = { left, stateLog, dice: () => ({ roll: 0, nonce }) };
    ReleaseRig.begin = { ledger, shelf: mortal.openShelf(this.stateDir), ports };
    const rig = new ReleaseRig(...ofRelease(units, ledger.current));
    rig.advance(this.rig?.fakes.clock.now() ?? 0);
    for (const tree of [null, ...NAMES]) rig.trees.set(tree, units);
    for (const { invocation_id, pid } of alive)
      rig.fakes.processes.left.set(invocation_id, { tag: "alive", pid: pid ?? 1 });
    return rig;
  }

  /** A dead one writes nothing. */
  #keep(text: string): null {
    if (!mortality.isDead) this.#log = text;
    return null;
  }

  async start(): Promise<void> {
    void this.rig.daemon.boot();
    await this.rig.settle();
  }

  /** Everybody runs from the root, and there is something to deploy. */
  async open(): Promise<void> {
    await this.start();
    await this.rest();
    this.#make("v1");
  }

  #processes(): readonly InstanceStatus[] {
    return this.rig.desk.status().units.flatMap(({ instances }) => instances.filter(({ pid }) => pid !== null));
  }

  /** One thing that people, processes or time do. */
  async step(): Promise<void> {
    const { rig } = this;
    const random = this.#random;
    const give = (...order: Parameters<typeof rig.desk.order>): void => {
      const given = rig.desk.order(...order);
      if (given.ok) void given.value.catch(() => undefined);
    };
    const there = [...rig.desk.releases()];
    const release = there[random.below(there.length)]?.id ?? "v1";
    switch (random.below(10)) {
      case 0:
      case 1:
        return this.#make(random.pick(NAMES));
      case 2:
      case 3:
      case 4:
        return give({ tag: "deploy", release, insist: random.chance(50) });
      case 5:
        return give({ tag: "rollback", release: random.chance(50) ? null : release });
      case 6:
      case 7:
        return this.#behave(random.chance(75));
      case 8:
        return rig.prove();
      default:
        return rig.advance(200);
    }
  }

  /** One process, as `supervisor deploy` does before it asks. */
  #make(name: string): void {
    if (this.#random.chance(70)) writeFileSync(join(this.root, "main"), `main ${this.#random.below(4)}`);
    const about = { name, now: new Date(this.#random.below(1e9)), runtime: "bun", by: null, commit: null };
    const from = { source: this.root, root: this.root, stateDir: this.stateDir, origin: this.root };
    const { left } = mortality;
    try {
      live(this.#random.chance(30) ? this.#random.below(40) : Number.POSITIVE_INFINITY, this.#random.chance(50));
      mortal.sweepDrafts(this.stateDir);
      mortal.makeRelease({ ...from, ...about, exclude: [], shared: [], sync: () => undefined });
    } catch {
      // It was killed, or there is another release of that name.
    } finally {
      live(left, mortality.isHalf);
    }
  }

  /** Processes become ready and drain, or one of them ends. */
  #behave(isWell: boolean): void {
    const { processes } = this.rig.fakes;
    for (const { phase, invocation_id } of this.#processes()) {
      if (phase === "draining" || phase === "stopping") processes.exit(invocation_id, 0);
      else if (!isWell && this.#random.chance(40)) processes.exit(invocation_id, 3);
      else processes.say(invocation_id);
    }
  }

  /** It has been killed, wherever it was; whoever comes next goes on. */
  async replaceDead(): Promise<void> {
    live();
    this.deaths++;
    this.count();
    this.rig = this.#begin();
    await this.start();
  }

  /** Everybody does well, until nothing happens any more. */
  async rest(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      this.#behave(true);
      await this.rig.settle();
      await this.rig.prove();
      this.rig.advance(500);
      if (this.#isQuiet) return;
    }
  }

  get #isQuiet(): boolean {
    return this.#processes().every(({ phase }) => phase === "running") && !this.rig.alarm;
  }

  count(): void {
    for (const { event } of this.rig.told) this.told.set(event, (this.told.get(event) ?? 0) + 1);
  }

  walk(): readonly string[] {
    sweepDrafts(this.stateDir);
    return walkReleases(this.stateDir, this.root);
  }

  /** Whoever was kept, since his way back failed, is said to be outdated; a reload brings him there. */
  async bringBack(): Promise<void> {
    const astray = this.astray();
    if (astray.length === 0) return;
    const wasKept = this.rig.told.some(({ event }) => event === "handover.kept-old" || event === "handover.failed");
    const isSaid = astray.every((unit) => this.rig.unit(unit).outdated);
    if (!wasKept || !isSaid) throw new Error(`${astray}: left behind, and nothing has failed`);
    void this.rig.desk.order({ tag: "reconfigure" });
    await this.rest();
  }

  /** Who runs from another release than the current one. */
  astray(): readonly string[] {
    const read = readLedger(this.stateDir);
    const current = "ledger" in read ? read.ledger.current : "?";
    const all = this.rig.desk.status().units;
    return all.filter(({ release }) => release !== current).map(({ name }) => name);
  }
}

async function play(seed: number): Promise<Site> {
  const random = createRandom(seed);
  live();
  const site = new Site(random);
  await site.open();
  for (let step = 0; step < STEPS; step++) {
    if (random.chance(30)) live(random.below(12), random.chance(50));
    try {
      await site.step();
      await site.rig.settle();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    if (!mortality.isDead && random.chance(92)) continue;
    await site.replaceDead();
    const faults = site.walk();
    if (faults.length > 0) throw new Error(`seed ${seed}, step ${step}: ${faults.join("; ")}`);
  }
  live();
  await site.rest();
  await site.bringBack();
  const faults = [
    ...site.walk(),
    ...site.astray().map((unit) => `${unit}: runs from another release than the current one`),
  ];
  if (faults.length > 0) throw new Error(`seed ${seed}, at rest: ${faults.join("; ")}`);
  rmSync(site.root, { recursive: true });
  site.count();
  return site;
}

test(`${SEQUENCES} random sequences of deployments, ways back and deaths leave a consistent tree, and everybody on what is current`, async () => {
  const told = new Map<string, number>();
  let deaths = 0;
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    const site = await play(seed);
    deaths += site.deaths;
    for (const [event, times] of site.told) told.set(event, (told.get(event) ?? 0) + times);
  }
  const least = { "release.moving": 150, "release.current": 70, "release.good": 70, "release.taken-back": 20 };
  for (const [event, times] of Object.entries(least)) expect(told.get(event)).toBeGreaterThan(times);
  expect(deaths).toBeGreaterThan(100);
}, 60_000);
