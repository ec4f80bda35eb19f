import { expect, test } from "bun:test";
import { startModules } from "../../services/modules/host.ts";
import type { Module } from "../../services/modules/module.ts";

function modules(faults: Readonly<Record<string, string>> = {}) {
  const calls: string[] = [];
  const act = async (call: string) => {
    calls.push(call);
    if (faults[call]) throw new Error(faults[call]);
  };
  const module = (name: string): Module => ({
    name,
    start: () => act(`start ${name}`),
    stop: () => act(`stop ${name}`),
  });
  return { calls, all: ["a", "b", "c"].map(module) };
}

test("modules start in order and stop in reverse, once", async () => {
  const { calls, all } = modules();
  const host = await startModules(all);
  expect(await Promise.all([host.stop(), host.stop()])).toEqual([[], []]);
  expect(calls).toEqual(["start a", "start b", "start c", "stop c", "stop b", "stop a"]);
});

test("a module that does not start stops those before it, and the cause is kept", async () => {
  const { calls, all } = modules({ "start c": "port in use", "stop b": "stuck" });
  await expect(startModules(all)).rejects.toThrow("port in use");
  expect(calls).toEqual(["start a", "start b", "start c", "stop b", "stop a"]);
});

test("a module that does not stop is named, and the others are stopped", async () => {
  const { calls, all } = modules({ "stop c": "stuck" });
  const host = await startModules(all);
  expect(await host.stop()).toEqual([{ module: "c", error: new Error("stuck") }]);
  expect(calls.slice(3)).toEqual(["stop c", "stop b", "stop a"]);
});
