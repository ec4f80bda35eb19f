import type { Aside } from "./aside.ts";
import type { Group } from "./group.ts";
import { groupNameOf } from "./group-place.ts";
import { readStat } from "./procfs.ts";

/** One look may miss somebody: whoever is forked or becomes an orphan at that moment. */
const LOOKS_THAT_AGREE = 2;
/** Between two looks; longer after the first ones, for whoever has no processor at the moment. */
const PAUSE_MS = 1;
const QUICK_LOOKS = 4;
const LONGEST_PAUSE_MS = 64;
/** Then it has somebody who forks faster than can be looked, and goes on by kinship. */
const MOST_LOOKS = 16;

/** The processes of one invocation, which runs already. */
export type Flock = Readonly<{
  group: Pick<Group, "makeAside" | "take" | "holds">;
  /** The one that was started. */
  leader: number;
  /** Who is alive of it, by kinship. */
  kin: () => readonly number[];
  /** Nobody is left of it, so nobody is to be moved any more. */
  isOver: () => boolean;
}>;

/**
 * `gathered`: everybody of it is in the group, and whoever they fork will be.
 * `scattered`: not everybody is known to be. `mixed`: somebody else got into the group.
 */
export type Gathering = "gathered" | "scattered" | "mixed";

type Means = Readonly<{
  aside: Aside;
  /** Hears why the group cannot be made. */
  refused: (error: Error) => void;
  /** When a process began; undefined when it is gone. */
  startOf?: (pid: number) => number | undefined;
  /** Whether a process is where ours are born. */
  isAtHome?: (pid: number) => boolean;
}>;

/**
 * Brings an invocation into a group that is made for it, the leader first: whoever it forks from then on is in it by birth.
 * Whom it has forked before is found by kinship and brought in as well, until nobody is found outside.
 * Why afterwards, and beside the loop: the kernel makes whoever moves a process wait for 5 to 20 ms. See docs/adr/0012.
 */
export function gather(flock: Flock, means: Means): Promise<Gathering> {
  return new Gatherer(flock, means).run();
}

class Gatherer {
  readonly #flock: Flock;
  readonly #means: Required<Means>;

  constructor(flock: Flock, means: Means) {
    this.#flock = flock;
    this.#means = { startOf: (pid) => readStat(pid)?.startTicks, isAtHome, ...means };
  }

  async run(): Promise<Gathering> {
    const { leader } = this.#flock;
    if (!(await this.#isMade())) return "scattered";
    // Always tried: a leader whose first thread has ended looks dead, and is not when it has others.
    return (await this.#bring(leader)) ? this.#bringOthers() : "mixed";
  }

  async #isMade(): Promise<boolean> {
    const { group, isOver } = this.#flock;
    const { aside, refused } = this.#means;
    try {
      await aside.run(() => (isOver() ? undefined : group.makeAside()));
      return !isOver();
    } catch (error) {
      refused(error as Error);
      return false;
    }
  }

  async #bringOthers(): Promise<Gathering> {
    const { group, kin, isOver } = this.#flock;
    let agreed = 0;
    for (let look = 0; look < MOST_LOOKS && !isOver(); look++) {
      const found = kin();
      const outside = found.filter((pid) => !group.holds(pid));
      // Nobody at all is no answer: it is not over, so somebody is just executing a program, and shows nothing to be told by.
      agreed = outside.length > 0 || found.length === 0 ? 0 : agreed + 1;
      if (agreed === LOOKS_THAT_AGREE) return "gathered";
      for (const pid of outside) if (!(await this.#bring(pid))) return "mixed";
      await pause(look);
    }
    return "scattered";
  }

  /**
   * False when somebody else has been moved: the one that was meant has ended meanwhile, and its pid was given away. That it
   * was not moved is seen by the next look. Whoever has gone to a group of its own choice, as a container's manager does, is
   * left there.
   */
  async #bring(pid: number): Promise<boolean> {
    const { group, isOver } = this.#flock;
    const { aside, startOf, isAtHome } = this.#means;
    const meant = startOf(pid);
    await aside.run(async () => {
      if (meant !== undefined && !isOver() && startOf(pid) === meant && isAtHome(pid)) await group.take(pid);
    });
    return startOf(pid) === meant || !group.holds(pid);
  }
}

function isAtHome(pid: number): boolean {
  return groupNameOf(pid) === groupNameOf("self");
}

/** Why not setImmediate: many that follow each other, for many who are gathered at once, would let sockets wait. */
function pause(look: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.min(PAUSE_MS * 2 ** Math.max(0, look + 1 - QUICK_LOOKS), LONGEST_PAUSE_MS));
  });
}
