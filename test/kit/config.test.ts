import { expect, test } from "bun:test";
import { type ConfigResult, liveConfig } from "../../services/kit/config.ts";
import { within } from "../support/within.ts";

type Values = Readonly<{ level: string; most: number }>;

async function kept(isReady = true, limitMs = 5_000) {
  const said: Record<string, string>[] = [];
  const told: ConfigResult[] = [];
  const file: { now: Values; fault: string | null; gate: Promise<void> } = {
    now: { level: "info", most: 1 },
    fault: null,
    gate: Promise.resolve(),
  };
  let reads = 0;
  let hangUp = () => {};
  const read = async (): Promise<Values> => {
    reads++;
    await file.gate;
    if (file.fault !== null) throw new Error(file.fault);
    return { ...file.now };
  };
  const edge = {
    life: { isReady },
    notify: (fields: Readonly<Record<string, string>>) => void said.push({ ...fields }),
    hangUp: (heard: () => void) => {
      hangUp = heard;
    },
  };
  const config = await liveConfig({ read, told: (result) => void told.push(result), limitMs, edge });
  return { config, file, said, told, hangUp: () => hangUp(), reads: () => reads };
}

test("a change is numbered, heard with what held before, and told to the supervisor", async () => {
  const { config, file, said, told } = await kept();
  const heard: unknown[] = [];
  config.on("change", (now, before) => void heard.push([now.most, before.most, config.value.most]));
  file.now = { level: "info", most: 2 };
  expect(await config.reload()).toEqual({ tag: "changed", version: 2 });
  expect(heard).toEqual([[2, 1, 2]]);
  expect([config.version, config.value.most]).toEqual([2, 2]);
  expect(said).toEqual([
    { RELOADING: "1", MONOTONIC_USEC: expect.stringMatching(/^\d+$/) },
    { READY: "1", STATUS: "configuration 2" },
  ]);
  expect(told).toEqual([{ tag: "changed", version: 2 }]);
});

test("a touch is no change: nobody hears of it, and the version stays", async () => {
  const { config, said } = await kept();
  config.on("change", () => {
    throw new Error("heard of a touch");
  });
  expect(await config.reload()).toEqual({ tag: "same", version: 1 });
  expect(said.at(-1)).toEqual({ READY: "1" });
});

test("a fault keeps what held, and its reason is told", async () => {
  const { config, file, said } = await kept();
  file.fault = "config/local.toml:2: api.port: no";
  expect(await config.reload()).toEqual({ tag: "refused", version: 1, why: file.fault });
  expect(config.value).toEqual({ level: "info", most: 1 });
  expect(said.at(-1)).toEqual({
    READY: "1",
    STATUS: "configuration refused, 1 goes on: config/local.toml:2: api.port: no",
    ERRNO: "22",
  });
  file.fault = null;
  expect(await config.reload()).toEqual({ tag: "same", version: 1 });
  expect(said.at(-1)).toEqual({ READY: "1", STATUS: "configuration 1" });
  file.now = { level: "debug", most: 1 };
  expect(await config.reload()).toEqual({ tag: "changed", version: 2 });
});

test("whoever cannot take a change takes it back from all, in one step", async () => {
  const { config, file } = await kept();
  const levels: string[] = [];
  config.on("change", ({ level }) => void levels.push(`a ${level}`));
  const hearNoMore = config.on("change", ({ level }) => {
    levels.push(`b ${level}`);
    if (level !== "info") throw new Error("b cannot");
  });
  config.on("change", ({ level }) => void levels.push(`c ${level}`));
  file.now = { level: "debug", most: 1 };
  expect(await config.reload()).toEqual({ tag: "refused", version: 1, why: "b cannot" });
  expect(levels).toEqual(["a debug", "b debug", "b info", "a info"]);
  expect(config.value.level).toBe("info");
  hearNoMore();
  expect(await config.reload()).toEqual({ tag: "changed", version: 2 });
});

test("signals that come while it is read are answered by one more reading", async () => {
  const { config, file, hangUp, reads } = await kept();
  const gate = Promise.withResolvers<void>();
  file.gate = gate.promise;
  const first = config.reload();
  await Promise.resolve();
  for (let each = 0; each < 5; each++) hangUp();
  const last = config.reload();
  gate.resolve();
  await within(Promise.all([first, last]), 5_000, "both are read");
  expect(reads()).toBe(3);
});

test("one that is not ready yet says nothing of it", async () => {
  const { config, file, said } = await kept(false);
  file.now = { level: "debug", most: 1 };
  expect((await config.reload()).tag).toBe("changed");
  expect(said).toEqual([]);
});

test("a reading that hangs is a refusal", async () => {
  const { config, file } = await kept(true, 20);
  file.gate = new Promise(() => {});
  const result = await within(config.reload(), 5_000, "the limit");
  expect(result).toEqual({ tag: "refused", version: 1, why: "the configuration was not read within 20 ms" });
});

test("a first reading that fails is the caller's", async () => {
  const edge = { life: { isReady: false }, notify: () => {}, hangUp: () => {} };
  const read = () => Promise.reject(new Error("no"));
  await expect(liveConfig({ read, edge })).rejects.toThrow("no");
});
