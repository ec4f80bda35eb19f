import { describe, expect, test } from "bun:test";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";

const unit = (name: string, service: Partial<Service> = {}) => makeUnit(name, { service, handover: { soakMs: 100 } });
const done = (name: string) => ({ unit: name, result: "done", message: "", tail: [], fault: null }) as const;
/** Shape: `api@1 2 running`. */
const generations = (rig: Rig) =>
  rig.unit("api").instances.map(({ name, generation, phase }) => `${name} ${generation} ${phase}`);
const reload = (...units: readonly string[]) => ({ tag: "reload", units }) as const;

describe("reload", () => {
  test("is answered when the new generation has taken over, not when it is ready", async () => {
    const rig = new Rig(unit("api"));
    await rig.up("api");
    const reloaded = rig.order(reload("api"));
    rig.ready("api");
    expect(await rig.isOpen(reloaded)).toBe(true);
    rig.advance(100);
    expect(await reloaded).toEqual([done("api")]);
  });

  test("B25: that failed says that the old generation stays, and why, with the new one's last lines", async () => {
    const rig = new Rig(unit("api"));
    await rig.up("api");
    const reloaded = rig.order(reload("api"));
    rig.fakes.outputs.tails.set(rig.newest("api"), ["SyntaxError"]);
    rig.exit("api", 1);
    const message = "reload api: the old generation stays: the new one exited with code 1 before it was ready";
    expect(await reloaded).toEqual([
      {
        unit: "api",
        result: "kept-old",
        message,
        tail: ["SyntaxError"],
        fault: { code: "handover-kept-old", message, retry: "later", unit: "api" },
      },
    ]);
    expect(rig.unit("api")).toMatchObject({ active_state: "active", generation: 1 });
  });

  test("B6 G11: 200 times at once makes one running and one queued handover, and answers everybody", async () => {
    const rig = new Rig(unit("api"));
    await rig.up("api");
    const orders = Array.from({ length: 200 }, () => rig.order(reload("api")));
    const spawns = () => rig.log.filter((text) => text.startsWith("spawn")).length;
    expect(spawns()).toBe(2);
    const old = rig.fakes.processes.orders[0]?.invocation ?? "";
    rig.ready("api");
    rig.advance(100);
    expect(await orders[0]).toEqual([done("api")]);
    expect(await rig.isOpen(Promise.race(orders.slice(1)))).toBe(true);
    const second = rig.newest("api");
    rig.fakes.processes.exit(old, 0);
    expect(spawns()).toBe(3);
    rig.ready("api");
    rig.advance(100);
    expect((await Promise.all(orders)).flat()).toEqual(orders.map(() => done("api")));
    rig.fakes.processes.exit(second, 0);
    rig.advance(60_000);
    expect([spawns(), rig.unit("api").generation]).toEqual([3, 3]);
  });

  test("that joins a queued one gets that one's verdict, not the running one's", async () => {
    const rig = new Rig(unit("api"));
    await rig.up("api");
    const first = rig.order(reload("api"));
    const second = rig.order(reload("api"));
    rig.exit("api", 1);
    expect(await first).toMatchObject([{ result: "kept-old" }]);
    rig.ready("api");
    rig.advance(100);
    expect(await second).toMatchObject([{ result: "done" }]);
  });

  test("cut short by a stop has failed", async () => {
    const rig = new Rig(unit("api"));
    await rig.up("api");
    const orders = [rig.order(reload("api")), rig.order(reload("api"))];
    void rig.order({ tag: "stop", units: ["api"], cascade: false });
    const verdicts = await Promise.all(orders);
    expect(verdicts.flat().map(({ result, message }) => [result, message])).toEqual([
      ["failed", "reload api: was stopped"],
      ["failed", "reload api: was stopped"],
    ]);
  });

  test("of one that still starts waits until it runs", async () => {
    const rig = new Rig(unit("api"));
    const started = rig.start("api");
    const reloaded = rig.order(reload("api"));
    rig.ready("api");
    await started;
    rig.ready("api");
    rig.advance(100);
    expect(await reloaded).toEqual([done("api")]);
    expect(rig.unit("api").generation).toBe(2);
  });

  test("is refused, at once and in words, for what cannot be handed over", async () => {
    const rig = new Rig(unit("api", { type: "simple" }), unit("redis"));
    await rig.up("api");
    const verdicts = await rig.order(reload("api", "redis", "ghost"));
    expect(verdicts.map(({ result, message, fault }) => [result, message, fault?.code])).toEqual([
      [
        "refused",
        'reload api: a service of type "simple" cannot say that it is ready; set type = "notify", a readiness probe with `listener`, or reload_mode = "restart"',
        "request-invalid",
      ],
      ["refused", "reload redis: is not active", "request-invalid"],
      ["refused", "reload ghost: is not there", "request-invalid"],
    ]);
    expect(rig.unit("api").generation).toBe(1);
  });

  test("of everything takes what can be reloaded without downtime, and nobody else", async () => {
    const rig = new Rig(
      unit("api"),
      unit("cron", { reloadMode: "restart" }),
      unit("log", { reloadMode: "signal" }),
      unit("off"),
      unit("simple", { type: "simple" }),
    );
    await rig.up("api", "cron", "log", "simple");
    const reloaded = rig.order({ tag: "reload", units: null });
    rig.ready("api");
    rig.advance(100);
    expect((await reloaded).map((one) => one.unit).sort()).toEqual(["api", "log"]);
    expect(rig.log).toContain("SIGHUP main i3");
    expect(rig.unit("cron").instances).toMatchObject([{ phase: "running" }]);
  });

  test("of several instances is one after the other, and answered when the last is through", async () => {
    const rig = new Rig(unit("api", { instances: 2 }));
    await rig.up("api@1", "api@2");
    const reloaded = rig.order(reload("api"));
    expect(generations(rig)).toEqual(["api@1 1 replacing", "api@1 2 starting", "api@2 1 running"]);
    const [, second] = rig.fakes.processes.orders;
    rig.ready("api@1");
    rig.advance(100);
    rig.fakes.processes.exit(rig.fakes.processes.orders[0]?.invocation ?? "", 0);
    expect(generations(rig)).toEqual(["api@1 2 running", "api@2 1 replacing", "api@2 2 starting"]);
    expect(await rig.isOpen(reloaded)).toBe(true);
    rig.ready("api@2");
    rig.advance(100);
    expect(await reloaded).toEqual([done("api")]);
    rig.fakes.processes.exit(second?.invocation ?? "", 0);
    expect(generations(rig)).toEqual(["api@1 2 running", "api@2 2 running"]);
  });

  test("of several instances, one of which pauses, hands over the others and waits for nobody else", async () => {
    const rig = new Rig(unit("api", { instances: 2, restartMs: 60_000 }));
    await rig.up("api@1", "api@2");
    rig.exit("api@1", 1);
    const reloaded = rig.order(reload("api"));
    expect(generations(rig)).toEqual(["api@2 1 replacing", "api@2 2 starting"]);
    rig.ready("api@2");
    rig.advance(100);
    expect(await reloaded).toEqual([done("api")]);
    rig.advance(60_000);
    expect(generations(rig)[0]).toBe("api@1 1 starting");
  });

  test("of one instance leaves the others alone", async () => {
    const rig = new Rig(unit("api", { instances: 2 }));
    await rig.up("api@1", "api@2");
    const reloaded = rig.order(reload("api@2"));
    expect(generations(rig)).toEqual(["api@1 1 running", "api@2 1 replacing", "api@2 2 starting"]);
    rig.ready("api@2");
    rig.advance(100);
    expect(await reloaded).toEqual([done("api@2")]);
  });

  test("of several instances is kept-old when one keeps its old generation, and the other stays with it", async () => {
    const rig = new Rig(unit("api", { instances: 2 }));
    await rig.up("api@1", "api@2");
    const reloaded = rig.order(reload("api"));
    rig.exit("api@1", 1);
    expect(await reloaded).toMatchObject([{ unit: "api", result: "kept-old" }]);
    expect(generations(rig)).toEqual(["api@1 1 running", "api@2 1 running"]);
  });

  test("of several instances names the one that could not go back", async () => {
    const rig = new Rig(unit("api", { instances: 2 }));
    await rig.up("api@1", "api@2");
    const first = rig.newest("api@1");
    rig.advance(1);
    const reloaded = rig.order(reload("api"));
    rig.ready("api@1");
    rig.advance(100);
    rig.fakes.processes.exit(first, 0);
    rig.exit("api@2", 3);
    rig.exit("api@1", 4);
    const refusal = "the old generation stays: the new one exited with code 3 before it was ready";
    const message = `reload api: ${refusal}; instance 1 could not go back, and runs the new one`;
    expect(await reloaded).toMatchObject([{ unit: "api", result: "kept-old", message }]);
  });

  test("by signal sends SIGHUP and no more", async () => {
    const rig = new Rig(unit("api", { reloadMode: "signal", type: "simple" }));
    await rig.up("api");
    expect(await rig.order(reload("api"))).toEqual([done("api")]);
    expect(rig.log.at(-1)).toBe("SIGHUP main i1");
    expect(rig.unit("api").generation).toBe(1);
  });

  test("by restart stops, starts, and is answered when it serves again", async () => {
    const rig = new Rig(unit("api", { reloadMode: "restart" }));
    await rig.up("api");
    const reloaded = rig.order(reload("api"));
    expect(rig.log.at(-1)).toBe("SIGTERM group i1");
    rig.exit("api", 0);
    expect(await rig.isOpen(reloaded)).toBe(true);
    rig.ready("api");
    expect(await reloaded).toEqual([done("api")]);
  });
});
