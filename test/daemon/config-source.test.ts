import { afterEach, expect, test } from "bun:test";
import { type ConfigSource, createConfigSource } from "../../supervisor/daemon/config-source.ts";
import type { Told } from "../../supervisor/daemon/happening.ts";
import type { AskSource, SourceAnswer } from "../../supervisor/daemon/ports.ts";
import { eventually } from "../support/eventually.ts";

type Asked = Readonly<{ url: string; tokenFile: string | null; answer: (answer: SourceAnswer) => void }>;

/** Who is asked answers when the test says so, or never. */
function rig() {
  const asked: Asked[] = [];
  const ask: AskSource = ({ url, tokenFile }, signal) =>
    new Promise((resolve) => {
      asked.push({ url, tokenFile, answer: resolve });
      signal.addEventListener("abort", () => resolve({ tag: "trouble", why: "aborted" }));
    });
  const clock = { now: () => 0, wall: () => new Date(0) };
  const source = createConfigSource({ ask, clock, roll: () => 1 });
  open.push(source);
  const notes: Told[] = [];
  const heard: (string | undefined)[] = [];
  const hear = () =>
    source.hear({ changed: () => void heard.push(source.held?.text), note: (one) => void notes.push(one) });
  const nth = (count: number) => eventually(() => asked[count - 1] ?? null, 5_000, `question ${count}`);
  return { source, notes, heard, hear, nth, asked };
}

const open: ConfigSource[] = [];
afterEach(() => {
  for (const source of open.splice(0)) source.close();
});

const one = { url: "http://one/", tokenFile: null };
const two = { url: "http://two/", tokenFile: "token" };
const says = (text: string): SourceAnswer => ({ tag: "text", text, index: "1", etag: null });

test("after another URL what the last one said holds until the new one has answered", async () => {
  const { source, hear, heard, nth } = rig();
  hear();
  source.use(one);
  expect(source.held).toBeNull();
  (await nth(1)).answer(says("a"));
  await nth(2);
  expect(source.held).toEqual({ url: "http://one/", text: "a" });
  source.use(two);
  expect(source.held).toEqual({ url: "http://one/", text: "a" });
  const third = await nth(3);
  expect([third.url, third.tokenFile]).toEqual(["http://two/", "token"]);
  third.answer(says("a"));
  await nth(4);
  expect(source.held).toEqual({ url: "http://two/", text: "a" });
  expect(heard).toEqual(["a", "a"]);
  source.use(null);
  expect([source.held, source.status()]).toEqual([null, null]);
});

test("the same place again changes nothing", async () => {
  const { source, nth, asked } = rig();
  source.use(one);
  await nth(1);
  source.use({ ...one });
  await Promise.resolve();
  expect(asked).toHaveLength(1);
});

test("what is kept is held before anybody has answered, and is no news", async () => {
  const { source, hear, heard, notes, nth } = rig();
  source.use(one, "a");
  await source.first(1);
  hear();
  expect(source.held).toEqual({ url: "http://one/", text: "a" });
  expect(notes.map(({ event, text }) => [event, text])).toEqual([
    ["config.source-away", "http://one/ has not answered within 0.001 s: what it said last goes on"],
  ]);
  (await nth(1)).answer(says("a"));
  await nth(2);
  expect(heard).toEqual([]);
  expect(source.status()).toMatchObject({ state: "answers", reason: null });
});

test("a start does not wait for ever", async () => {
  const { source } = rig();
  source.use(one);
  await source.first(1);
  expect(source.status()).toMatchObject({ state: "away", reason: "has not answered within 0.001 s" });
});

test("the first answer ends the wait of a start, also when it is trouble", async () => {
  const { source, nth } = rig();
  source.use(one);
  (await nth(1)).answer({ tag: "trouble", why: "answered 500" });
  await source.first(60_000);
  expect(source.status()).toMatchObject({ state: "away", reason: "answered 500" });
});

test("that it is away is told once, that it is back once, and of one that has not been asked for long nothing", async () => {
  const { source, hear, notes, nth } = rig();
  source.use(one);
  hear();
  (await nth(1)).answer(says("a"));
  await nth(2);
  source.use(two);
  (await nth(3)).answer({ tag: "trouble", why: "answered 500" });
  (await nth(4)).answer({ tag: "trouble", why: "answered 501" });
  await eventually(() => source.status()?.reason === "answered 501", 2_000, "the last reason is told");
  (await nth(5)).answer(says("a"));
  await nth(6);
  expect(notes.map(({ event }) => event)).toEqual(["config.source-away", "config.source-back"]);
}, 10_000);
