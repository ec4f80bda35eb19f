import { describe, expect, test } from "bun:test";
import type { Holder, Rival, Sight, Testimony, Witness } from "../../supervisor/daemon/ports.ts";
import { truthful } from "../../supervisor/daemon/truth.ts";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { FakeDesk, makeInstance, makeUnit } from "../control/fixtures/fake-desk.ts";

const one = { tasks: 1, memory_bytes: 1, cpu_seconds: 0 };
const main = { pid: 42, ppid: 1, command: "/usr/bin/bun /srv/app/api.ts", ...one };
const child = { pid: 43, ppid: 42, command: "sleep 1000", ...one };
const api = makeUnit("api", { instances: [makeInstance("api@1", { processes: [main, child] })] });

const holder = (pid: number, does: Holder["does"]): Holder => ({
  pid,
  does,
  command: pid === 42 ? main.command : child.command,
});
const sight = (change: Partial<Sight> = {}): Sight => ({
  name: "http",
  address: "127.0.0.1:8080",
  waiting: 0,
  isGone: false,
  holders: [holder(42, "accepts")],
  rivals: [],
  ...change,
});
const rival = (change: Partial<Rival> = {}): Rival => ({
  address: "[::1]:8080",
  takes: false,
  unit: null,
  pid: 9,
  command: "/usr/sbin/nginx -g daemon",
  ...change,
});

type Seen = Partial<Testimony> & Readonly<{ lost?: Readonly<{ pid: number; command: string }> }>;

function look(seen: Seen, unit: UnitStatus = api): UnitStatus {
  const { lost = null, ...testimony } = seen;
  const witness: Witness = {
    look: () => ({ sights: [], elsewhere: [], stopped: [], ...testimony }),
    lostSpeaker: () => lost,
  };
  const desk = new FakeDesk();
  desk.units = [unit];
  const found = truthful(bare(desk), witness).inspect("api");
  if (!found) throw new Error("no api");
  return found;
}

/** As the daemon makes it: a record of functions. */
function bare(desk: FakeDesk): FakeDesk {
  return Object.assign(Object.create(null), desk, {
    status: () => desk.status(),
    inspect: (name: string) => desk.inspect(name),
  });
}

const warned = (seen: Seen, unit?: UnitStatus) => look(seen, unit).warnings;
const place = "http 127.0.0.1:8080:";

describe("of a unit that serves", () => {
  test("nothing is warned, and who accepts is named", () => {
    const found = look({ sights: [sight({ holders: [holder(42, "accepts"), holder(43, "idle")] })] });
    expect(found.warnings).toEqual([]);
    expect(found.listeners).toEqual([
      { name: "http", address: "127.0.0.1:8080", waiting: 0, served_by: [{ pid: 42, command: main.command }] },
    ]);
  });

  test("one whose doing is not known is believed", () => {
    const holders = [holder(42, "unknown"), holder(43, "idle")];
    expect(warned({ sights: [sight({ holders, waiting: 7 })] })).toEqual([]);
  });
});

describe("a listener that nobody serves", () => {
  test("because nobody has it open", () => {
    expect(warned({ sights: [sight({ holders: [], waiting: 1 })] })).toEqual([
      `${place} no process of api has it open, so that none can accept; 1 connection waits`,
    ]);
  });

  test("because those who have it open do something else, and where they listen", () => {
    const holders = [holder(42, "idle"), holder(43, "idle")];
    const elsewhere = [{ pid: 42, command: main.command, address: "127.0.0.1:3000" }];
    expect(warned({ sights: [sight({ holders, waiting: 2 })], elsewhere })).toEqual([
      `${place} no process of api accepts: bun api.ts (pid 42), sleep 1000 (pid 43) only have it open; bun api.ts (pid 42) listens on 127.0.0.1:3000; 2 connections wait`,
    ]);
  });

  test("is nothing strange while the unit is down, starts, or hands over", () => {
    for (const active_state of ["inactive", "activating", "reloading", "deactivating", "failed"] as const) {
      expect(warned({ sights: [sight({ holders: [] })] }, { ...api, active_state })).toEqual([]);
    }
    const draining = makeInstance("api@1", { phase: "draining", processes: [main] });
    expect(warned({ sights: [sight({ holders: [] })] }, { ...api, instances: [draining] })).toEqual([]);
  });
});

describe("others", () => {
  test("who accept are named, those who only have it open are not", () => {
    const holders = [holder(42, "accepts"), { pid: 1, command: "systemd", does: "idle" } as const];
    expect(warned({ sights: [sight({ holders })] })).toEqual([]);
    const thief = { pid: 9, command: "thief", does: "accepts" } as const;
    expect(warned({ sights: [sight({ holders: [holder(42, "accepts"), thief] })] })).toEqual([
      `${place} thief (pid 9), which is no process of api, accepts connections on it`,
    ]);
  });

  test("are told also of a unit that is down: its listener is open", () => {
    const down = makeUnit("api", { active_state: "inactive", instances: [] });
    expect(warned({ sights: [sight({ holders: [], rivals: [rival({ takes: true })] })] }, down)).toHaveLength(1);
  });

  test("who listen beside it are named as well as they are known", () => {
    const rivals = [rival(), rival({ takes: true, pid: null, command: null }), rival({ takes: true, unit: "web" })];
    expect(warned({ sights: [sight({ rivals })] })).toEqual([
      `${place} nginx -g daemon (pid 9) listens on [::1]:8080, which is what "localhost" may lead to instead`,
      `${place} another process listens on [::1]:8080 too, and gets connections that are meant for it`,
      `${place} unit web listens on [::1]:8080 too, and gets connections that are meant for it`,
    ]);
  });
});

test("a path that is gone, a stopped process and a lost speaker are told", () => {
  const unix = sight({ name: "sock", address: "/run/api.sock", isGone: true, waiting: null });
  expect(warned({ sights: [unix], stopped: [42], lost: { pid: 44, command: "node app.js" } })).toEqual([
    "api@1: node app.js (pid 44), which said READY, is gone; pid 42 is what is left",
    "sock /run/api.sock: the path is not there any more, so that nobody can connect",
    "bun api.ts (pid 42) was stopped by a signal and does nothing until SIGCONT",
  ]);
});

test("a long command is cut, and of many holders three are named", () => {
  const holders = [1, 2, 3, 4, 5].map((pid): Holder => ({ pid, command: "x".repeat(200), does: "idle" }));
  const processes = holders.map(({ pid, command }) => ({ pid, ppid: 1, command, ...one }));
  const [warning = ""] = warned(
    { sights: [sight({ holders })] },
    { ...api, instances: [makeInstance("api@1", { processes })] },
  );
  expect(warning).toContain(`${"x".repeat(59)}… (pid 1)`);
  expect(warning).toEndWith("(pid 3) and 2 more only have it open");
});

test("the list tells what costs nothing, without a look at any listener", () => {
  const desk = new FakeDesk();
  desk.units = [api, makeUnit("web", { instances: [makeInstance("web@1", { phase: "draining" })] })];
  const witness: Witness = {
    look: () => {
      throw new Error("looked");
    },
    lostSpeaker: () => ({ pid: 44, command: "node app.js" }),
  };
  const { units } = truthful(bare(desk), witness).status();
  expect(units.map(({ warnings }) => warnings.length)).toEqual([1, 0]);
});

test("a unit that is not as its file says is doubtful, in the list too", () => {
  const desk = new FakeDesk();
  desk.units = [makeUnit("api", { changed_on_disk: true }), makeUnit("web", { outdated: true }), makeUnit("db")];
  const witness: Witness = { look: () => ({ sights: [], elsewhere: [], stopped: [] }), lostSpeaker: () => null };
  const { units } = truthful(bare(desk), witness).status();
  expect(units.map(({ warnings }) => warnings)).toEqual([
    ["units/api.toml has changed on disk; supervisor config diff tells what that means"],
    ["it runs with an older definition than the one that is loaded; supervisor config reload tries again"],
    [],
  ]);
});
