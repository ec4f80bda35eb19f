import { afterEach, describe, expect, test } from "bun:test";
import { blank } from "../../supervisor/release/ledger.ts";
import { makeUnit } from "../support/units.ts";
import { BOOT, PROOF_MS, ReleaseRig } from "./release-rig.ts";

const quick = { handover: { soakMs: 0 } };
const api = makeUnit("api", quick);
const web = makeUnit("web", { ...quick, after: ["api"] });
/** Has nothing from the root. */
const redis = makeUnit("redis", {
  ...quick,
  service: { exec: { tag: "program", argv: ["redis-server"] }, workingDirectory: "%t" },
});

afterEach(() => {
  ReleaseRig.begin = {};
});

async function up(): Promise<ReleaseRig> {
  const rig = new ReleaseRig(api, redis, web);
  for (const name of ["api", "redis", "web"]) await rig.up(name);
  rig.trees.set(null, [api, redis, web]);
  for (const name of ["v1", "v2", "v3"]) rig.add(name, api, redis, web);
  return rig;
}

async function deployed(...releases: readonly string[]): Promise<ReleaseRig> {
  const rig = await up();
  for (const release of releases) {
    const given = rig.deploy(release);
    await rig.arrive("api", "web");
    await rig.prove();
    await given;
  }
  return rig;
}

const messages = (verdicts: readonly Readonly<{ result: string; message: string }>[]) =>
  verdicts.map(({ result, message }) => `${result}: ${message}`);
const releaseOf = (rig: ReleaseRig) => ["api", "redis", "web"].map((name) => rig.unit(name).release);
const refusal = (rig: ReleaseRig, ...order: Parameters<ReleaseRig["desk"]["order"]>) => {
  const given = rig.desk.order(...order);
  return given.ok ? null : given.faults[0].code;
};
const told = (rig: ReleaseRig) => rig.told.map(({ event }) => event).filter((event) => event.startsWith("release."));

describe("a deployment", () => {
  test("hands over who runs from the root, is current when all have followed, and good when its time is over", async () => {
    const rig = await up();
    const given = rig.deploy("v1");
    expect(rig.states).toBe("v1 unproven, v2 unproven, v3 unproven");
    await rig.arrive("api");
    expect(rig.shelf.ledger.current).toBeNull();
    await rig.arrive("web");
    expect(rig.states).toBe("v1 proving current, v2 unproven, v3 unproven");
    expect(rig.shelf.ledger.proving?.until).toBe(100 + PROOF_MS);
    expect(await rig.isOpen(given)).toBe(true);
    await rig.prove();
    expect(messages(await given)).toEqual([
      "done: deploy v1 api: handed over (release)",
      "done: deploy v1 web: handed over (release)",
    ]);
    expect(releaseOf(rig)).toEqual(["v1", null, "v1"]);
    expect(rig.states).toBe("v1 good current, v2 unproven, v3 unproven");
    expect(told(rig)).toEqual(["release.moving", "release.current", "release.good"]);
  });

  test("of which one unit dies before it is ready is taken back from the others, and is bad", async () => {
    const rig = await deployed("v1");
    const given = rig.deploy("v2");
    await rig.arrive("api");
    rig.exit("web", 3);
    await rig.settle();
    expect(releaseOf(rig)).toEqual(["v2", null, "v1"]);
    expect(rig.shelf.ledger.current).toBe("v1");
    await rig.arrive("api");
    expect(messages(await given)).toEqual([
      "kept-old: deploy v2 api: taken back with the others; v1 is back",
      "kept-old: deploy v2 web: the old generation stays: the new one exited with code 3 before it was ready",
    ]);
    expect(releaseOf(rig)).toEqual(["v1", null, "v1"]);
    expect(rig.states).toBe("v1 good current, v2 bad, v3 unproven");
  });

  test("of which a unit falls while another is still on its way is taken back", async () => {
    const rig = await deployed("v1");
    const given = rig.deploy("v2");
    await rig.arrive("api");
    rig.exit("api", 1);
    await rig.arrive("web");
    expect(rig.states).toBe("v1 good current, v2 bad, v3 unproven");
    rig.advance(100);
    await rig.arrive("api", "web");
    expect((await given).map(({ result }) => result)).toEqual(["kept-old", "kept-old"]);
  });

  test("that falls while it proves itself goes back to what was there before, at once, and says why", async () => {
    const rig = await deployed("v1");
    const given = rig.deploy("v2");
    await rig.arrive("api", "web");
    rig.exit("web", 7);
    expect(rig.alarm).toBeNull();
    await rig.settle();
    expect(rig.shelf.ledger).toMatchObject({ current: "v1", proving: null });
    rig.advance(100);
    await rig.arrive("api", "web");
    expect(messages(await given)).toEqual([
      "kept-old: deploy v2 api: taken back with the others; v1 is back",
      "kept-old: deploy v2 web: taken back: web@1: exited with code 7; v1 is back",
    ]);
    const [last] = rig.daemon.history("web").filter(({ event }) => event === "release.taken-back");
    expect(last?.why).toBe("deploy v2 is taken back: web@1: exited with code 7; v1 is to run again");
    const [began] = rig.daemon.history("api").filter(({ event }) => event === "handover.began");
    expect(began?.cause).toMatchObject({ tag: "config", because: [{ tag: "release", release: "v2" }] });
  });

  test("that answers worse than what was there before is taken back; one that answers as well is not", async () => {
    const rig = await deployed("v1");
    const healthy = { count: 500, failed: 0, timed: 500, seconds: 5 };
    rig.answers
      .set("v1", healthy)
      .set("v2", { ...healthy, failed: 100 })
      .set("v3", { ...healthy, seconds: 6 });
    const given = rig.deploy("v2");
    await rig.arrive("api", "web");
    await rig.prove();
    expect(rig.states).toBe("v1 good current, v2 bad, v3 unproven");
    await rig.arrive("api", "web");
    expect(messages(await given)[0]).toBe(
      "kept-old: deploy v2 api: taken back: api answers 20% of requests with 5xx, 0% before; v1 is back",
    );
    void rig.deploy("v3");
    await rig.arrive("api", "web");
    await rig.prove();
    expect(rig.states).toBe("v1 good, v2 bad, v3 good current");
  });

  test("that leaks until the kernel kills it is taken back, and that is told", async () => {
    const rig = await deployed("v1");
    const given = rig.deploy("v2");
    await rig.arrive("api", "web");
    const exit = { by: "signal", signal: "SIGKILL", core: false, oom: true } as const;
    rig.fakes.processes.hear({ tag: "exited", invocation: rig.newest("api"), exit, survivors: [] });
    await rig.settle();
    rig.advance(100);
    await rig.arrive("api", "web");
    const why = "api@1: was killed by SIGKILL (out of memory)";
    expect(messages(await given)[0]).toBe(`kept-old: deploy v2 api: taken back: ${why}; v1 is back`);
    expect(rig.states).toBe("v1 good current, v2 bad, v3 unproven");
  });

  test("is not taken back by a unit that it has not changed", async () => {
    const rig = await deployed("v1");
    void rig.deploy("v2");
    await rig.arrive("api", "web");
    rig.exit("redis", 1);
    await rig.settle();
    expect(rig.states).toBe("v1 good, v2 proving current, v3 unproven");
  });

  test("that cannot be written down is taken back, and is not bad", async () => {
    const rig = await deployed("v1");
    rig.shelf.error = "no space";
    const given = rig.deploy("v2");
    await rig.arrive("api", "web");
    await rig.arrive("api", "web");
    expect((await given)[0]?.result).toBe("kept-old");
    expect(rig.states).toBe("v1 good current, v2 unproven, v3 unproven");
    expect(rig.shelf.ledger.current).toBe("v1");
  });

  test("of files that are refused changes nothing", async () => {
    const rig = await deployed("v1");
    rig.trees.set("v2", { code: "unit-invalid", message: "api: no", retry: "never" });
    expect(refusal(rig, { tag: "deploy", release: "v2", insist: false })).toBe("unit-invalid");
    expect(rig.states).toBe("v1 good current, v2 unproven, v3 unproven");
    expect(releaseOf(rig)).toEqual(["v1", null, "v1"]);
  });

  test("of nothing that is there, or while another one is under way, is refused", async () => {
    const rig = await deployed("v1");
    expect(refusal(rig, { tag: "deploy", release: "v9", insist: false })).toBe("release-unknown");
    void rig.deploy("v2");
    expect(refusal(rig, { tag: "deploy", release: "v3", insist: false })).toBe("release-busy");
    expect(refusal(rig, { tag: "rollback", release: null })).toBe("release-busy");
  });

  test("of bad content is refused under any name, unless somebody insists", async () => {
    const rig = await deployed("v1");
    const given = rig.deploy("v2");
    rig.exit("api", 3);
    await rig.settle();
    await rig.arrive("web");
    await rig.arrive("web");
    await given;
    rig.add("v2.again", api, redis, web);
    for (const release of ["v2", "v2.again"])
      expect(refusal(rig, { tag: "deploy", release, insist: false })).toBe("release-bad");
    expect(refusal(rig, { tag: "deploy", release: "v2.again", insist: true })).toBeNull();
  });

  test("takes the place of one that is still proving itself, and that one goes on with it should this one be refused", async () => {
    const rig = await deployed("v1");
    const second = rig.deploy("v2");
    await rig.arrive("api", "web");
    const third = rig.deploy("v3");
    expect(messages(await second)[0]).toBe("refused: deploy v2 api: has not proved itself before deploy v3");
    rig.exit("api", 3);
    await rig.arrive("web");
    await rig.arrive("web");
    await third;
    expect(rig.states).toBe("v1 good, v2 proving current, v3 bad");
    await rig.prove();
    expect(rig.states).toBe("v1 good, v2 good current, v3 bad");
  });

  test("leaves the newest, the current and the last good one on the shelf", async () => {
    const rig = await deployed("v1", "v2", "v3");
    expect(rig.states).toBe("v2 good, v3 good current");
  });
});

describe("hooks", () => {
  const hooks = {
    "release.pre_deploy": '[["migrate","up"],["check"]]',
    "release.post_deploy": '[["tell"]]',
    "release.post_rollback": '[["migrate","down"]]',
  };

  test("are run in their order: before anybody is handed over, and when the release has proved itself", async () => {
    const rig = await up();
    rig.hooks = hooks;
    const given = rig.deploy("v1");
    expect([rig.ran, refusal(rig, { tag: "rollback", release: null })]).toEqual([
      ["v1 pre_deploy migrate up"],
      "release-busy",
    ]);
    await rig.settle();
    expect(rig.ran).toEqual(["v1 pre_deploy migrate up", "v1 pre_deploy check"]);
    await rig.arrive("api", "web");
    await rig.prove();
    expect((await given)[0]?.result).toBe("done");
    expect(rig.ran.at(-1)).toBe("v1 post_deploy tell");
  });

  test("one that fails before lets nothing happen, and makes nothing bad", async () => {
    const rig = await deployed("v1");
    rig.hooks = { "release.pre_deploy": '[["false"],["never"]]' };
    expect(messages(await rig.deploy("v2"))).toEqual([
      "kept-old: deploy v2: pre_deploy false: exited with code 1; nothing has changed",
    ]);
    expect([rig.ran, rig.states]).toEqual([["v2 pre_deploy false"], "v1 good current, v2 unproven, v3 unproven"]);
    expect(releaseOf(rig)).toEqual(["v1", null, "v1"]);
  });

  test("are run in the tree that was left, when everybody is back, by itself or by hand", async () => {
    const rig = await deployed("v1");
    rig.hooks = { "release.post_rollback": hooks["release.post_rollback"] };
    const given = rig.deploy("v2");
    rig.exit("api", 3);
    await rig.arrive("web");
    expect(rig.ran).toEqual([]);
    await rig.arrive("web");
    await given;
    expect(rig.ran).toEqual(["v2 post_rollback migrate down"]);
    void rig.deploy("v3");
    await rig.arrive("api", "web");
    const back = rig.order({ tag: "rollback", release: null });
    await rig.arrive("api", "web");
    await back;
    expect(rig.ran.slice(1)).toEqual(["v3 post_rollback migrate down"]);
  });

  test("of files that are refused are not run", async () => {
    const rig = await deployed("v1");
    rig.hooks = hooks;
    rig.commandFault = { code: "spawn-failed", message: "no bun here", retry: "later" };
    expect(refusal(rig, { tag: "deploy", release: "v2", insist: false })).toBe("spawn-failed");
    expect(rig.ran).toEqual([]);
  });
});

describe("going back by hand", () => {
  test("leads to the last good one, which need not prove itself", async () => {
    const rig = await deployed("v1", "v2");
    const given = rig.order({ tag: "rollback", release: null });
    await rig.arrive("api", "web");
    expect(messages(await given)[0]).toBe("done: rollback v1 api: handed over (release)");
    expect(rig.states).toBe("v1 good current, v2 good, v3 unproven");
  });

  test("leads from one that is still proving itself to what was before, the root's own files included", async () => {
    const rig = await up();
    const first = rig.deploy("v1");
    await rig.arrive("api", "web");
    const given = rig.order({ tag: "rollback", release: null });
    await rig.arrive("api", "web");
    expect(messages(await given)[0]).toBe("done: rollback the root's own files api: handed over (release)");
    expect(releaseOf(rig)).toEqual([null, null, null]);
    expect(rig.shelf.ledger).toMatchObject({ current: null, proving: null });
    expect((await first)[0]?.result).toBe("refused");
  });

  test("leads nowhere when there is no other good one", async () => {
    const rig = await deployed("v1");
    expect(refusal(rig, { tag: "rollback", release: null })).toBe("release-unknown");
  });

  test("to one that was not good is a deployment, though it is known to be bad", async () => {
    const rig = await deployed("v1");
    const given = rig.order({ tag: "rollback", release: "v2" });
    await rig.arrive("api", "web");
    expect(rig.states).toBe("v1 good, v2 proving current, v3 unproven");
    await rig.prove();
    expect((await given)[0]?.result).toBe("done");
  });
});

describe("a supervisor that comes after one that was killed", () => {
  const proving = { release: "v1", back: null, until: 700, boot: BOOT, watched: ["api"] };

  test("goes on with the proof, until the moment that was set", async () => {
    ReleaseRig.begin = { ledger: { ...blank, current: "v1", proving }, there: ["v1"] };
    const rig = new ReleaseRig(api);
    void rig.daemon.boot();
    expect([rig.states, rig.alarm?.at]).toEqual(["v1 proving current", 700]);
    await rig.prove();
    expect(rig.states).toBe("v1 good current");
  });

  test("begins it anew where the machine was started since", async () => {
    ReleaseRig.begin = { ledger: { ...blank, current: "v1", proving: { ...proving, boot: "another" } }, there: ["v1"] };
    const rig = new ReleaseRig(api);
    void rig.daemon.boot();
    expect(rig.alarm?.at).toBe(100);
  });
});

test("a stop in the middle makes nothing bad", async () => {
  const rig = await deployed("v1");
  const given = rig.deploy("v2");
  void rig.order({ tag: "stop", units: null, cascade: true });
  for (const name of ["api", "web", "redis"]) rig.exit(name, "SIGTERM");
  await Promise.race([given, rig.settle()]);
  expect(rig.states).toBe("v1 good current, v2 unproven, v3 unproven");
});
