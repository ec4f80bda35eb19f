import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { z } from "zod";
import { keysOf } from "../../config/keys.ts";
import { fileLayer } from "../../config/layer.ts";
import type { Loaded } from "../../config/load.ts";
import { configSchema } from "../../config/schema.ts";
import { type Module, moduleOf } from "../../services/modules/module.ts";
import { createOutfit, type Equipment } from "../../services/modules/outfit.ts";
import { createQuota } from "../../services/modules/quota.ts";
import { within } from "../support/within.ts";
import { testLife } from "./lives.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "outfit-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const LIMIT_MS = 5_000;
const place = { host: "127.0.0.1", port: 0, drainMs: 2_000 };
const mail: Module = moduleOf({
  name: "mail",
  config: z.strictObject({ from: z.email(), most_at_once: z.int().min(1).default(3) }),
  async start() {},
  async stop() {},
});
const plain: Module = { name: "mail", async start() {}, async stop() {} };

function stock() {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const { life, drain } = testLife();
  const order = { folder, env: {} };
  const hearers = new Set<(now: Loaded, before: Loaded) => void>();
  const config = {
    on(_event: "change", apply: (now: Loaded, before: Loaded) => void) {
      hearers.add(apply);
      return () => void hearers.delete(apply);
    },
  };
  const outfit = createOutfit("mail", { order, config, log, life });
  /** Another copy of the module. */
  const copy = (module: Module = plain, mostAtOnce = 10) => {
    const end = new AbortController();
    return { ...outfit.equip(module, { signal: end.signal, quota: createQuota(mostAtOnce) }), end };
  };
  return { outfit, copy, lines, life, drain, hearers };
}

const text = (words: string) => ({ fetch: async () => new Response(words) });
const close = { headers: { connection: "close" } };
const ask = async (address: string): Promise<string> => (await fetch(`http://${address}`, close)).text();

test("each copy reads its section of the configuration anew, as its own schema has it", () => {
  const { copy } = stock();
  writeFileSync(join(folder, "local.toml"), '[mail]\nfrom = "a@example.org"\n');
  expect(copy(mail).given.config).toEqual({ from: "a@example.org", most_at_once: 3 });
  writeFileSync(join(folder, "local.toml"), '[mail]\nfrom = "b@example.org"\nmost_at_once = 7\n');
  expect(copy(mail).given.config).toEqual({ from: "b@example.org", most_at_once: 7 });
});

test("a section that is not valid is refused with every fault's file, line and key", () => {
  const { copy } = stock();
  writeFileSync(join(folder, "local.toml"), '[mail]\nfrom = "a@example.org"\nmost_at_once = 0\ncolour = 1\n');
  const file = join(folder, "local.toml");
  expect(() => copy(mail)).toThrow(
    `${file}:3: mail.most_at_once: Too small: expected number to be >=1\n${file}:4: mail.colour: is not known`,
  );
  writeFileSync(file, "");
  expect(() => copy(mail)).toThrow("mail.from: Invalid input: expected string, received undefined");
});

test("each line of its log names the module", () => {
  const { copy, lines } = stock();
  copy().given.log.info({ event: "mail.sent", to: 3 });
  expect(lines).toMatchObject([{ module: "mail", event: "mail.sent", to: 3 }]);
});

test("the life of a copy drains with the copy, and with the process", () => {
  const { copy, life, drain } = stock();
  const [one, other] = [copy(), copy()];
  one.end.abort();
  const draining = () => [one, other].map(({ given }) => given.life.draining.aborted);
  expect([draining(), life.draining.aborted]).toEqual([[true, false], false]);
  drain();
  expect(draining()).toEqual([true, true]);
});

test("when a copy takes over, the next request is the new one's, and what the old one was asked it still answers", async () => {
  const { copy, outfit } = stock();
  const [old, next] = [copy(), copy()];
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const slow = {
    fetch() {
      asked.resolve();
      return answer.promise;
    },
  };
  const { address } = await old.given.listen(slow, place);
  old.takeOver();
  const waiting = ask(address);
  await within(asked.promise, LIMIT_MS, "the old one is asked");
  expect((await next.given.listen(text("next"), place)).address).toBe(address);
  next.takeOver();
  expect(await ask(address)).toBe("next");
  let hasLeft = false;
  const left = old.leave(false).then(() => {
    hasLeft = true;
  });
  expect([await ask(address), hasLeft]).toEqual(["next", false]);
  answer.resolve(new Response("old"));
  expect(await waiting).toBe("old");
  await within(left, LIMIT_MS, "it has left");
  await outfit.close();
});

test("a copy that never takes over is never asked, and leaves nothing behind", async () => {
  const { copy, outfit } = stock();
  const [old, refused] = [copy(), copy()];
  const { address } = await old.given.listen(text("old"), place);
  old.takeOver();
  await refused.given.listen(text("refused"), place);
  const elsewhere = await refused.given.listen(text("refused"), { ...place, host: "127.0.0.2" });
  expect(await ask(elsewhere.address)).toBe("refused");
  await refused.leave(false);
  expect(await ask(address)).toBe("old");
  await expect(ask(elsewhere.address)).rejects.toThrow();
  await expect(refused.given.listen(text("late"), place)).rejects.toThrow("a copy that has ended listens nowhere");
  await outfit.close();
});

test("between a copy that failed and the next one clients are told to come again, at the same address", async () => {
  const { copy, outfit } = stock();
  const failed = copy();
  const { address } = await failed.given.listen(text("first"), place);
  failed.takeOver();
  await failed.leave(true);
  const answer = await fetch(`http://${address}`, close);
  expect([answer.status, answer.headers.get("retry-after"), (await answer.json()).code]).toEqual([
    503,
    "1",
    "module-restarting",
  ]);
  const next = copy();
  expect((await next.given.listen(text("second"), place)).address).toBe(address);
  expect(await ask(address)).toBe("second");
  next.takeOver();
  await within(outfit.close(), LIMIT_MS, "it closes");
  await expect(ask(address)).rejects.toThrow();
});

test("a listener that the next copy does not want any more is closed", async () => {
  const { copy, outfit } = stock();
  const [old, next]: Equipment[] = [copy(), copy()];
  const here = await old?.given.listen(text("old"), place);
  old?.takeOver();
  const there = await next?.given.listen(text("next"), { ...place, host: "127.0.0.2" });
  next?.takeOver();
  await old?.leave(false);
  await expect(ask(here?.address ?? "")).rejects.toThrow();
  expect(await ask(there?.address ?? "")).toBe("next");
  await outfit.close();
});

test("a copy takes as many requests at a time as it may; the next is refused at once, and each place is free again", async () => {
  const { copy, outfit } = stock();
  const answers = [Promise.withResolvers<Response>(), Promise.withResolvers<Response>()];
  const asked = Promise.withResolvers<void>();
  let count = 0;
  const slow = {
    fetch() {
      const answer = answers[count++]?.promise ?? new Response("at once");
      if (count === 2) asked.resolve();
      return answer;
    },
  };
  const { given, takeOver } = copy(plain, 2);
  const { address } = await given.listen(slow, place);
  takeOver();
  const waiting = [ask(address), ask(address)];
  await within(asked.promise, LIMIT_MS, "both are asked");
  const refused = await fetch(`http://${address}`, close);
  expect([refused.status, refused.headers.get("retry-after"), (await refused.json()).code]).toEqual([
    503,
    "1",
    "module-busy",
  ]);
  for (const answer of answers) answer.resolve(new Response("whole"));
  expect(await Promise.all(waiting)).toEqual(["whole", "whole"]);
  expect(await ask(address)).toBe("at once");
  await outfit.close();
});

test("a change of its section is heard by the copy that asked, as its own schema has it, until that copy ends", () => {
  const { copy, hearers } = stock();
  writeFileSync(join(folder, "local.toml"), '[mail]\nfrom = "a@example.org"\n');
  const one = copy(mail);
  const before = hearers.size;
  const heard: unknown[] = [];
  one.given.onConfig((config) => void heard.push(config));
  writeFileSync(join(folder, "local.toml"), '[mail]\nfrom = "b@example.org"\nmost_at_once = 7\n');
  const layer = fileLayer(join(folder, "local.toml"), "local.toml");
  if (!layer.ok || !layer.value) throw new Error("there is no layer");
  const now: Loaded = { config: configSchema.parse({}), keys: keysOf([layer.value], { env: {} }).keys };
  for (const apply of hearers) apply(now, now);
  expect(heard).toEqual([{ from: "b@example.org", most_at_once: 7 }]);
  one.end.abort();
  expect(hearers.size).toBe(before);
});
