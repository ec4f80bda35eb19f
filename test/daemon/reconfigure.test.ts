import { describe, expect, test } from "bun:test";
import type { Fault } from "../../supervisor/unit/fault.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";
import { socketOf } from "./socket-of.ts";

type Change = Parameters<typeof makeUnit>[1];

const tcp = (port: number) => ({ tag: "tcp", host: "127.0.0.1", port }) as const;
const http = (port: number, change: Parameters<typeof socketOf>[1] = {}) =>
  socketOf("http", { address: tcp(port), ...change });
const quick = { handover: { soakMs: 0 } };
const api = (change: Change = {}) => makeUnit("api", { ...quick, sockets: [http(80)], ...change });
const redis = makeUnit("redis", quick);

async function up(...units: readonly Unit[]): Promise<Rig> {
  const rig = new Rig(...units);
  for (const { name } of units) await rig.up(name);
  rig.fakes.log.length = 0;
  return rig;
}

const reload = (rig: Rig) => rig.order({ tag: "reconfigure" });
const faultsOf = (rig: Rig): readonly Fault[] => {
  const given = rig.desk.order({ tag: "reconfigure" });
  return given.ok ? [] : given.faults;
};
const messages = async (verdicts: ReturnType<typeof reload>) => (await verdicts).map(({ message }) => message);
const events = (rig: Rig) => rig.told.map(({ event }) => event).filter((event) => event.startsWith("config."));

describe("a reload of the files", () => {
  test("that say nothing new does nothing, and says so", async () => {
    const rig = await up(api());
    expect(await reload(rig)).toEqual([]);
    expect(rig.log).toEqual(["settings"]);
    expect(rig.told.at(-1)).toMatchObject({ event: "config.reloaded", text: "nothing has changed" });
  });

  test("hands over a unit whose process has to be another, and is done when that is", async () => {
    const rig = await up(api(), redis);
    rig.edit(api({ service: { nice: 5 } }), redis);
    const given = reload(rig);
    expect(rig.log.filter((line) => line.startsWith("spawn"))).toEqual(["spawn api i3"]);
    expect(rig.fakes.processes.orders.at(-1)?.privileges).toMatchObject({ nice: 5 });
    expect(await rig.isOpen(given)).toBe(true);
    rig.ready("api");
    expect(await messages(given)).toEqual(["config reload api: handed over (service.nice)"]);
  });

  test("changes live what can be, and touches no process", async () => {
    const rig = await up(api());
    const output = { ...api().output, maxFiles: 9 };
    rig.edit(api({ description: "new", sockets: [http(80, { backlog: 9 })], output }));
    expect(await messages(reload(rig))).toEqual([
      "config reload api: changed, and no process was touched (unit.description, socket.http.backlog, output.max_files)",
    ]);
    expect(rig.log).toEqual(["settings", "backlog http 9", "limit api"]);
    expect(rig.unit("api").description).toBe("new");
  });

  test("tells who reads config/ of what is live, each process once it is ready, and hands over for the rest", async () => {
    const reads = (marks: Readonly<Record<string, string>>, more: NonNullable<Change>["service"] = {}) => {
      const settings = Object.entries(marks).map(([key, mark]) => [key, { mark, live: key !== "api.port" }]);
      return api({ service: { config: ["api"], settings: Object.fromEntries(settings), ...more } });
    };
    const rig = await up(reads({ "api.most": "1", "api.port": "1" }), redis);
    rig.edit(reads({ "api.most": "2", "api.port": "1" }), redis);
    expect(rig.desk.plan()).toMatchObject({ value: { units: [{ action: "live", keys: ["config.api.most"] }, {}] } });
    expect(await messages(reload(rig))).toEqual([
      "config reload api: told to read its settings anew (config.api.most)",
    ]);
    expect(rig.log.filter((line) => line.startsWith("SIG"))).toEqual(["SIGHUP main i1"]);
    expect(rig.told.find(({ event }) => event === "config.told")).toMatchObject({
      unit: "api",
      why: "config.api.most",
    });

    rig.edit(reads({ "api.most": "3", "api.port": "2" }), redis);
    const given = reload(rig);
    expect(rig.log.filter((line) => line.startsWith("SIG"))).toEqual(["SIGHUP main i1"]);
    rig.edit(reads({ "api.most": "4", "api.port": "2" }), redis);
    rig.ready("api");
    await given;
    rig.fakes.log.length = 0;
    await reload(rig);
    expect(rig.log.filter((line) => line.startsWith("SIGHUP"))).toEqual(["SIGHUP main i3"]);
  });

  test("tells a process that is on its way up when it is ready, and not before", async () => {
    const reads = (mark: string) =>
      api({ service: { config: ["api"], settings: { "api.most": { mark, live: true } } } });
    const rig = new Rig(reads("1"));
    void rig.daemon.boot();
    rig.edit(reads("2"));
    await reload(rig);
    expect(rig.log.filter((line) => line.startsWith("SIG"))).toEqual([]);
    rig.ready("api");
    expect(rig.log.filter((line) => line.startsWith("SIG"))).toEqual(["SIGHUP main i1"]);
  });

  test("scales, and waits for the new instances", async () => {
    const rig = await up(api());
    rig.edit(api({ service: { instances: 2 } }));
    const given = reload(rig);
    expect(await rig.isOpen(given)).toBe(true);
    rig.ready("api@2");
    expect(await messages(given)).toHaveLength(1);
    expect(rig.unit("api").instances).toHaveLength(2);
  });

  test("starts a new unit, stops one that is gone, and forgets it with its listeners", async () => {
    const rig = await up(api(), redis);
    rig.edit(redis, makeUnit("web", { sockets: [http(81)] }));
    const given = reload(rig);
    expect(rig.log).toContain("SIGTERM group i1");
    rig.ready("web");
    expect(rig.log).not.toContain("close http");
    rig.exit("api");
    expect(await messages(given)).toEqual([
      "config reload api: stopped (its file is gone)",
      "config reload web: started (its file is new)",
    ]);
    expect(rig.log).toContain("close http");
    expect(rig.desk.status().units.map(({ name }) => name)).toEqual(["redis", "web"]);
    expect(rig.told.map(({ event }) => event)).toContain("service.inactive");
  });

  test("keeps a unit that is gone until those that needed it are handed over", async () => {
    const rig = await up(redis, api({ requires: ["redis"] }));
    rig.edit(api({ service: { nice: 5 } }));
    const given = reload(rig);
    expect(rig.log).not.toContain("SIGTERM group i1");
    rig.ready("api");
    expect(await rig.isOpen(given)).toBe(true);
    expect(rig.log).toContain("SIGTERM group i1");
    rig.exit("redis");
    expect(await messages(given)).toContain("config reload redis: stopped (its file is gone)");
  });

  test("restarts what cannot be handed over", async () => {
    const simple = makeUnit("job", { service: { type: "simple" } });
    const rig = await up(simple);
    rig.edit(makeUnit("job", { service: { type: "simple", nice: 5 } }));
    const given = reload(rig);
    expect(rig.log).toContain("SIGTERM group i1");
    rig.exit("job");
    expect(await messages(given)).toEqual(["config reload job: restarted (service.nice)"]);
  });
});

describe("a definition that is kept out by the old generation", () => {
  const bad = api({ service: { nice: 5 } });

  test("stays loaded, the unit is outdated, and the next reload tries again", async () => {
    const rig = await up(api());
    rig.edit(bad);
    const given = reload(rig);
    rig.exit("api", 3);
    expect(await given).toMatchObject([{ unit: "api", result: "kept-old", fault: { code: "handover-kept-old" } }]);
    expect(rig.unit("api")).toMatchObject({ outdated: true, changed_on_disk: false });
    expect(rig.desk.loaded("api")?.service.nice).toBe(5);
    const again = reload(rig);
    rig.ready("api");
    expect(await messages(again)).toEqual(["config reload api: handed over (service.nice)"]);
    expect(rig.unit("api").outdated).toBe(false);
  });

  test("costs nothing when the file goes back to what its process runs with", async () => {
    const rig = await up(api());
    rig.edit(bad);
    const given = reload(rig);
    rig.exit("api", 3);
    await given;
    rig.edit(api());
    rig.fakes.log.length = 0;
    await reload(rig);
    expect(rig.log.filter((line) => /^(spawn|SIG)/.test(line))).toEqual([]);
    expect(rig.unit("api").outdated).toBe(false);
  });
});

describe("refused as a whole, with nothing changed, is", () => {
  const untouched = async (rig: Rig, refuse: () => readonly Fault[]) => {
    const before = { status: rig.desk.status(), log: [...rig.log] };
    const faults = refuse();
    expect(rig.desk.status()).toEqual(before.status);
    expect(rig.log.filter((line) => !/^(listen|close|settings abandoned)/.test(line))).toEqual(before.log);
    expect(rig.desk.loaded("api")?.service.nice).toBeNull();
    expect(events(rig)).toEqual(faults.map(() => "config.refused"));
    return faults;
  };

  test("a bad file", async () => {
    const rig = await up(api(), redis);
    const fault: Fault = {
      code: "unit-invalid",
      message: "must be a string",
      retry: "never",
      at: { file: "a", line: 3 },
    };
    rig.edit(api({ service: { nice: 5 } }));
    rig.fakes.disk.faults = [fault];
    expect(await untouched(rig, () => faultsOf(rig))).toEqual([fault]);
    expect(rig.told.at(-1)?.text).toBe("a:3: must be a string");
  });

  test("a busy port: what was opened beside it is closed again", async () => {
    const rig = await up(api(), redis);
    rig.edit(api({ sockets: [http(81)], service: { nice: 5 } }), makeUnit("web", { sockets: [socketOf("taken")] }));
    rig.fakes.listeners.busy.add("taken");
    const faults = await untouched(rig, () => faultsOf(rig));
    expect(faults).toMatchObject([
      {
        code: "listener-busy",
        unit: "web",
        at: { file: "units/web.toml", key: "socket.taken.listen_stream", line: 1 },
      },
    ]);
    expect(rig.log).toEqual(["listen api http", "close http", "settings abandoned"]);
  });

  test("a command line that cannot be made", async () => {
    const rig = await up(api());
    rig.edit(api({ service: { nice: 5 } }));
    rig.commandFault = { code: "placeholder-missing", message: "no X", retry: "later" };
    expect(await untouched(rig, () => faultsOf(rig))).toMatchObject([{ code: "placeholder-missing" }]);
  });

  test("a setting that cannot be put into effect", async () => {
    const rig = await up(api());
    rig.edit(api({ service: { nice: 5 } }));
    rig.fakes.settings.refusal = { code: "listener-failed", message: "9180 is in use", retry: "later" };
    expect(await untouched(rig, () => faultsOf(rig))).toMatchObject([{ code: "listener-failed" }]);
  });

  test("A19: another option on an address that the unit listens on, until it is stopped", async () => {
    const rig = await up(api());
    rig.edit(api({ sockets: [http(80, { noDelay: true })] }));
    expect(faultsOf(rig)[0]).toMatchObject({
      code: "listener-busy",
      message: expect.stringContaining("stop api first"),
    });
    const stopped = rig.order({ tag: "stop", units: ["api"], cascade: false });
    rig.exit("api");
    await stopped;
    rig.fakes.log.length = 0;
    expect(faultsOf(rig)).toEqual([]);
    expect(rig.log).toContain("close http");
    await rig.up("api");
    expect(rig.log).toContain("listen api http");
  });

  test("a reload while everything stops", async () => {
    const rig = await up(api());
    void rig.order({ tag: "stop", units: null, cascade: true });
    expect(faultsOf(rig)).toMatchObject([{ code: "shutting-down" }]);
  });
});

describe("a changed address", () => {
  test("is opened first, and the old one is closed when the old generation is gone", async () => {
    const rig = await up(api());
    const old = rig.newest("api");
    rig.edit(api({ sockets: [http(81)] }));
    const given = reload(rig);
    rig.ready("api");
    await given;
    expect(rig.log.filter((line) => /^(listen|close|spawn)/.test(line))).toEqual(["listen api http", "spawn api i2"]);
    expect(rig.unit("api").listeners.map(({ address }) => address)).toEqual(["127.0.0.1:8002", "127.0.0.1:8001"]);
    rig.fakes.processes.exit(old);
    expect(rig.log.at(-1)).toBe("close http");
    expect(rig.unit("api").listeners).toHaveLength(1);
  });

  test("that nobody wants any more goes to the unit that wants it now, without being closed", async () => {
    const rig = await up(api());
    rig.edit(makeUnit("web", { ...quick, sockets: [socketOf("front", { address: tcp(80) })] }));
    const given = reload(rig);
    rig.ready("web");
    rig.exit("api");
    await given;
    expect(rig.log.filter((line) => /^(listen|close)/.test(line))).toEqual([]);
    expect(rig.fakes.processes.orders.at(-1)?.listeners).toEqual([{ name: "front", fd: 21 }]);
    expect(rig.unit("web").listeners).toEqual([{ name: "front", address: "127.0.0.1:8001" }]);
  });

  test("that is taken back while the old generation is kept is its old listener", async () => {
    const rig = await up(api());
    rig.edit(api({ sockets: [http(81)] }));
    const given = reload(rig);
    rig.exit("api", 3);
    await given;
    rig.edit(api());
    await reload(rig);
    expect(rig.unit("api").listeners).toEqual([{ name: "http", address: "127.0.0.1:8001" }]);
    expect(rig.log.filter((line) => line.startsWith("close"))).toEqual(["close http"]);
  });

  test("is closed on the way out, the old one too", async () => {
    const rig = await up(api());
    rig.edit(api({ sockets: [http(81)] }));
    const given = reload(rig);
    rig.ready("api");
    await given;
    rig.daemon.close();
    expect(rig.log.filter((line) => line === "close http")).toHaveLength(2);
  });
});

describe("the plan", () => {
  test("says what a reload would do, and does nothing", async () => {
    const rig = await up(api());
    rig.edit(api({ sockets: [http(81)] }), redis);
    expect(rig.desk.plan()).toMatchObject({
      ok: true,
      value: {
        units: [
          { unit: "api", action: "handover", keys: ["socket.http.listen_stream"] },
          { unit: "redis", action: "start" },
        ],
        config: { action: "nothing" },
      },
    });
    expect(rig.log).toEqual(["listen api http", "close http", "settings abandoned"]);
    expect(rig.desk.status().units).toHaveLength(1);
  });

  test("tells of settings, and that services read theirs when they start", async () => {
    const rig = new Rig(api());
    const set = (value: number) => [
      { key: "api.port", value, origin: "config/local.toml", secret: false, live: false },
    ];
    rig.fakes.disk.now = { ...rig.fakes.disk.now, settings: set(1) };
    expect(rig.desk.plan()).toMatchObject({
      value: { config: { action: "live", keys: ["api.port"], reason: expect.stringContaining("when it starts") } },
    });
    await reload(rig);
    expect(rig.desk.settings()).toEqual(set(1));
    expect(rig.desk.plan()).toMatchObject({ value: { config: { action: "nothing", keys: [] } } });
  });
});

describe("a change on disk", () => {
  test("is told by the status of the unit until it is reloaded, and once by the journal", async () => {
    const rig = await up(api(), redis);
    rig.edit(api({ description: "new" }), redis);
    expect(rig.unit("api").changed_on_disk).toBe(false);
    rig.daemon.filesChanged(false);
    rig.daemon.filesChanged(false);
    expect([rig.unit("api").changed_on_disk, rig.unit("redis").changed_on_disk]).toEqual([true, false]);
    expect(rig.desk.status().supervisor.changed_on_disk).toBe(true);
    expect(events(rig)).toEqual(["config.changed"]);
    await reload(rig);
    expect([rig.unit("api").changed_on_disk, rig.desk.status().supervisor.changed_on_disk]).toEqual([false, false]);
  });

  test("is taken at once where that is wanted, and one that changes nothing is none", async () => {
    const rig = await up(api());
    rig.daemon.filesChanged(true);
    expect(events(rig)).toEqual([]);
    rig.edit(api({ description: "new" }));
    rig.daemon.filesChanged(true);
    expect(events(rig)).toEqual(["config.reloaded"]);
    expect(rig.unit("api").description).toBe("new");
  });
});
