import type { Ports } from "../../supervisor/daemon/daemon.ts";
import type { AskAnswers, Disk, Files, Verdict } from "../../supervisor/daemon/ports.ts";
import type { Answers } from "../../supervisor/release/answers.ts";
import type { Hook } from "../../supervisor/release/hooks.ts";
import { blank, type Ledger } from "../../supervisor/release/ledger.ts";
import type { Manifest } from "../../supervisor/release/manifest.ts";
import { createOffice } from "../../supervisor/release/office.ts";
import type { Shelf } from "../../supervisor/release/shelf.ts";
import { type Fault, fail, ok } from "../../supervisor/unit/fault.ts";
import { ofRelease } from "../../supervisor/unit/release.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { Rig, textsOf } from "../daemon/rig.ts";

export const PROOF_MS = 1000;
export const BOOT = "this one";
const settings = { "release.rollback_after_ms": PROOF_MS, "release.keep": 2, "release.worse_factor": 3 };

/** Releases that are nowhere but here. */
class FakeShelf implements Shelf {
  /** What was written last, as whoever comes next finds it. */
  ledger: Ledger = blank;
  error: string | null = null;
  readonly there: string[] = [];

  list(): readonly Manifest[] {
    return this.there.flatMap((id) => this.find(id) ?? []);
  }

  find(id: string): Manifest | null {
    if (!this.there.includes(id)) return null;
    const sizes = { files: 1, size_bytes: 1, added_bytes: 1 };
    const from = { runtime: "bun", commit: null, by: null, at: "2026-01-01T00:00:00.000Z", source: "/" };
    // Shape: `v1` and `v1.again` have the same content.
    return { format: 1, id, hash: id.split(".")[0] ?? "", config_hash: "", ...from, ...sizes };
  }

  write(ledger: Ledger): string | null {
    if (this.error === null) this.ledger = ledger;
    return this.error;
  }

  remove(releases: readonly string[]): void {
    for (const one of releases) this.there.splice(this.there.indexOf(one), 1);
  }

  point(): void {}

  letPass(): void {}
}

/** A daemon on virtual ports that can deploy. */
export class ReleaseRig extends Rig {
  declare shelf: FakeShelf;
  declare alarm: Readonly<{ at: number; ring: () => void }> | null;
  declare trees: Map<string | null, readonly Unit[] | Fault>;
  declare monotonic: number;
  /** What every release has for hooks, each list as JSON, and what was run of them. */
  declare hooks: Readonly<Record<string, string>>;
  declare ran: string[];
  /** What the processes of a release say of their answers. */
  declare answers: Map<string | null, Answers>;

  /** Before the daemon begins. */
  static begin: Readonly<{ ledger?: Ledger; there?: readonly string[]; shelf?: Shelf; ports?: Partial<Ports> }> = {};

  protected override morePorts(): Partial<Ports> {
    this.shelf = new FakeShelf();
    this.shelf.ledger = ReleaseRig.begin.ledger ?? blank;
    this.shelf.there.push(...(ReleaseRig.begin.there ?? []));
    this.alarm = null;
    this.trees = new Map();
    this.monotonic = 100;
    this.answers = new Map();
    // Everybody can be asked.
    this.fakes.privates.of = (invocation) => ({ fd: 31, path: `/run/${invocation}`, inode: 3 });
    const clock = {
      now: () => this.monotonic,
      wakeAt: (at: number | null, ring: () => void) => {
        this.alarm = at === null ? null : { at, ring };
      },
    };
    const { shelf = this.shelf } = ReleaseRig.begin;
    const options = { shelf, ledger: this.shelf.ledger, diskOf: (id: string | null) => this.#diskOf(id) };
    const ask: AskAnswers = async (places) =>
      places.map(({ unit, release }) => ({ unit, answers: this.answers.get(release) ?? null }));
    this.hooks = {};
    this.ran = [];
    const commandOf = (release: string, { kind, argv }: Hook) => {
      this.ran.push(`${release} ${kind} ${argv.join(" ")}`);
      return { argv, env: {}, cwd: "/" };
    };
    // What is to be run is run at once, and well unless it is called false.
    this.fakes.probing.ask = ({ invocation, kind, ask }) => {
      if (ask.tag !== "exec") return;
      const ok = ask.command.argv[0] !== "false";
      queueMicrotask(() => this.fakes.probing.answered({ invocation, kind, ok, detail: "exited with code 1" }));
    };
    const time = { clock, ask, commandOf, boot: BOOT, today: () => new Date(0) };
    return { ...ReleaseRig.begin.ports, releases: (host) => createOffice({ host, ...options, ...time }) };
  }

  /** Makes a release of these units. */
  add(release: string, ...units: readonly Unit[]): void {
    this.shelf.there.push(release);
    this.trees.set(release, units);
  }

  deploy(release: string, insist = false): Promise<readonly Verdict[]> {
    return this.order({ tag: "deploy", release, insist });
  }

  /** The new generations of these say that they are ready, and the old ones drain. */
  async arrive(...units: readonly string[]): Promise<void> {
    for (const unit of units) {
      this.ready(unit);
      await this.settle();
      for (const { phase, invocation_id } of this.unit(unit).instances)
        if (phase === "draining") this.fakes.processes.exit(invocation_id, 0);
    }
    await this.settle();
  }

  /** Lets the proof come to its end, if there is one. */
  async prove(): Promise<void> {
    for (let rings = 0; this.alarm && rings < 10; rings++) {
      this.monotonic = this.alarm.at;
      const { ring } = this.alarm;
      this.alarm = null;
      ring();
      await this.settle();
    }
  }

  /** Lets everything that waits for a promise go on. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Shape: `v1 good, v2 proving current`. */
  get states(): string {
    const all = this.desk.releases();
    return all.map(({ id, state, current }) => `${id} ${state}${current ? " current" : ""}`).join(", ");
  }

  #diskOf(release: string | null): Disk {
    const read = (): ReturnType<Disk["read"]> => {
      const tree = this.trees.get(release) ?? [];
      return "code" in tree ? fail(tree) : ok(filesOf(ofRelease(tree, release), this.hooks));
    };
    return { read, texts: () => new Map(), keep: () => null, accepted: "/srv/app/.supervisor/accepted" };
  }
}

function filesOf(units: readonly Unit[], hooks: ReleaseRig["hooks"]): Files {
  const set = Object.entries({ ...settings, ...hooks }).map(([key, value]) => ({
    ...{ key, value },
    ...{ origin: "default", secret: false, live: false },
  }));
  return { units, settings: set, texts: textsOf(units) };
}
