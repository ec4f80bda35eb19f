import { expect, test } from "bun:test";
import { Aside } from "../../supervisor/host/aside.ts";
import { type Flock, gather } from "../../supervisor/host/gather.ts";

// Processes that are numbers: what may happen between two looks is made to happen there. What the kernel does with real ones is
// in the conformance suite.
const LEADER = 10;

/** `taken`: whom the group took, in order. `moves`: called with whoever is about to be moved, before he is. */
class Scene {
  readonly taken: number[] = [];
  readonly members = new Set<number>();
  readonly starts = new Map<number, number>([[LEADER, 1]]);
  readonly elsewhere = new Set<number>();
  readonly errors: Error[] = [];
  refusal: Error | null = null;
  isOver = false;
  kin = (): readonly number[] => [LEADER];
  readonly aside = new Aside();
  looked: () => void = () => undefined;
  moves: (pid: number) => void = () => undefined;
  take = (pid: number): void => void this.members.add(pid);

  add(pid: number): void {
    this.starts.set(pid, 1);
  }

  gather(): ReturnType<typeof gather> {
    const group: Flock["group"] = {
      makeAside: () => (this.refusal ? Promise.reject(this.refusal) : Promise.resolve()),
      take: async (pid) => {
        this.taken.push(pid);
        await Promise.resolve();
        this.moves(pid);
        this.take(pid);
      },
      holds: (pid) => this.members.has(pid),
    };
    const flock = { group, leader: LEADER, kin: () => this.kin(), isOver: () => this.isOver };
    return gather(flock, {
      aside: this.aside,
      refused: (error) => this.errors.push(error),
      startOf: (pid) => {
        this.looked();
        return this.starts.get(pid);
      },
      isAtHome: (pid) => !this.members.has(pid) && !this.elsewhere.has(pid),
    });
  }
}

test("the leader is brought first, then whoever it has forked before, then nobody is found", async () => {
  const scene = new Scene();
  for (const pid of [11, 12]) scene.add(pid);
  scene.kin = () => [12, 11, LEADER];
  expect(await scene.gather()).toBe("gathered");
  expect(scene.taken).toEqual([LEADER, 12, 11]);
});

test("a look that finds nobody, not even the leader, does not count: somebody is there, and cannot be told just then", async () => {
  const scene = new Scene();
  scene.add(11);
  const found: (readonly number[])[] = [[], [], [11]];
  scene.kin = () => found.shift() ?? [11];
  expect(await scene.gather()).toBe("gathered");
  expect(scene.members.has(11)).toBe(true);
});

test("one that a look has missed is brought after the next: two looks have to agree", async () => {
  const scene = new Scene();
  for (const pid of [11, 12]) scene.add(pid);
  const looks = [[LEADER], [LEADER, 11], [LEADER, 11], [LEADER, 11, 12]];
  scene.kin = () => looks.shift() ?? [LEADER, 11, 12];
  expect(await scene.gather()).toBe("gathered");
  expect(scene.taken).toEqual([LEADER, 11, 12]);
});

test("a leader that has ended before is moved nowhere, and those whom it leaves behind are brought", async () => {
  const scene = new Scene();
  scene.starts.delete(LEADER);
  scene.add(11);
  scene.kin = () => [11];
  expect(await scene.gather()).toBe("gathered");
  expect(scene.taken).toEqual([11]);
});

test("one that cannot be moved leaves the invocation scattered, after a bounded number of looks", async () => {
  const scene = new Scene();
  scene.take = () => undefined;
  expect(await scene.gather()).toBe("scattered");
  expect(scene.taken.length).toBeLessThan(20);
});

test("forking without an end leaves the invocation scattered, after a bounded number of looks", async () => {
  const scene = new Scene();
  let last = LEADER;
  scene.kin = () => {
    scene.add(++last);
    return [last];
  };
  expect(await scene.gather()).toBe("scattered");
  expect(scene.taken.length).toBeLessThan(20);
});

test("whoever has gone to a group of its own choice is left there, and the invocation is scattered", async () => {
  const scene = new Scene();
  scene.elsewhere.add(LEADER);
  expect(await scene.gather()).toBe("scattered");
  expect(scene.taken).toEqual([]);
});

test("a stranger that was given the pid meanwhile is noticed, be it the leader's or another's", async () => {
  for (const reused of [LEADER, 11]) {
    const scene = new Scene();
    scene.add(11);
    scene.kin = () => [LEADER, 11];
    scene.moves = (pid) => pid === reused && scene.starts.set(pid, 2);
    expect(await scene.gather()).toBe("mixed");
  }
});

test("one whose pid was given away before its turn came is not moved", async () => {
  const scene = new Scene();
  for (const pid of [11, 12]) scene.add(pid);
  const looks = [[LEADER, 11]];
  scene.kin = () => {
    const found = looks.shift() ?? [LEADER];
    // Right after the look.
    queueMicrotask(() => scene.starts.set(11, 2));
    return found;
  };
  expect(await scene.gather()).toBe("gathered");
  expect(scene.taken).toEqual([LEADER]);
});

test("nobody is moved once the invocation is over", async () => {
  const scene = new Scene();
  scene.isOver = true;
  expect(await scene.gather()).toBe("scattered");
  const later = new Scene();
  later.moves = () => {
    later.isOver = true;
  };
  later.kin = () => [LEADER, 11];
  expect(await later.gather()).toBe("scattered");
  expect([scene.taken, later.taken]).toEqual([[], [LEADER]]);

  const waiting = new Scene();
  const isOver = (): void => {
    waiting.isOver = true;
  };
  // Somebody else's deed comes before that of the leader, who has been looked at already.
  waiting.looked = () => void waiting.aside.run(isOver);
  expect([await waiting.gather(), waiting.taken]).toEqual(["scattered", []]);
});

test("a group that cannot be made is told of, and the invocation goes on by kinship", async () => {
  const scene = new Scene();
  scene.refusal = new Error("EAGAIN");
  expect(await scene.gather()).toBe("scattered");
  expect([scene.errors, scene.taken]).toEqual([[scene.refusal], []]);
});
