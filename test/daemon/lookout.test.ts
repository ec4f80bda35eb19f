import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";
import { socketOf } from "./socket-of.ts";

const api = makeUnit("api", { sockets: [socketOf("http"), socketOf("udp", { kind: "datagram" })] });

const toldOf = (rig: Rig): readonly string[] =>
  rig.told.filter(({ event }) => event === "listener.shut-down").map(({ unit, text }) => `${unit}: ${text}`);

test("A8: a listener that was shut down by a process that then ended listens again, and that is told", async () => {
  const rig = new Rig(api);
  await rig.up("api");
  rig.fakes.listeners.shut.set("http", "mended").set("udp", "mended");
  rig.exit("api", 1);
  expect(toldOf(rig)).toEqual(["api: a process of api has shut down listener http for all: it listens again"]);
  expect(rig.log).not.toContain("close http");
});

test("A8: it is looked for as long as the old generation drains, though nothing happens", async () => {
  const rig = new Rig(api);
  await rig.up("api");
  const reloaded = rig.order({ tag: "reload", units: ["api"] });
  rig.ready("api");
  rig.advance(1_000);
  await reloaded;
  expect(rig.unit("api").instances).toHaveLength(2);
  rig.fakes.listeners.shut.set("http", "mended");
  await eventually(() => toldOf(rig).length === 1, 2_000, "it is told");
  rig.daemon.close();
});

test("A8: one that cannot listen again is opened anew for a generation that is ordered for that", async () => {
  const rig = new Rig(api);
  await rig.up("api");
  rig.fakes.listeners.shut.set("http", "lost");
  rig.fakes.processes.say(rig.newest("api"), { STATUS: "oh" });
  expect(toldOf(rig)).toEqual([
    "api: a process of api has shut down listener http for all: the next generation gets another one",
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  const done = rig.log.filter((line) => /^(close|listen|spawn)/.test(line));
  expect(done.slice(-3)).toEqual(["close http", "listen api http", "spawn api i2"]);
});
