import { afterAll, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLedger, type Entry, readLedger } from "../../supervisor/host/ledger.ts";
import { createStateFile, readStateFile } from "../../supervisor/host/state-file.ts";

const folder = mkdtempSync(join(tmpdir(), "ledger-"));
const path = join(folder, "lives.jsonl");
const [one, two] = ["1".repeat(32), "2".repeat(32)];
const nothing = { leader: null, notifyPath: null, storeMax: 0, uid: null, pipes: [], group: null };
const entry = (invocation: string, more: Partial<Entry> = {}): Entry => ({
  invocation,
  keeper: "api@1",
  listeners: [],
  ...nothing,
  ...more,
});
const open = (entries: readonly Entry[] = [], notes: string[] = []) =>
  createLedger({ file: createStateFile(path), entries, note: (text) => notes.push(text) });
const left = (): readonly Entry[] => readLedger(readStateFile(path));

beforeEach(() => rmSync(path, { recursive: true, force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("who has begun and not ended is read again, for its owner alone", () => {
  const ledger = open();
  const other = entry(two, { keeper: "api@2", listeners: [{ name: "http", inode: 4711 }] });
  ledger.began(entry(one));
  ledger.began(other);
  ledger.began({ ...other, leader: { pid: 7, startTicks: 8 } });
  ledger.ended(one);
  expect(left()).toEqual([{ ...other, leader: { pid: 7, startTicks: 8 } }]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a ledger that was never written is empty; what is none of ours in it, and a line that was cut off, say nothing", () => {
  expect(left()).toEqual([]);
  open().began(entry(one));
  appendFileSync(path, `x\n[]\n{"life":{"invocation":7}}\n{"over":"${one}"}`);
  expect(left()).toEqual([entry(one)]);
});

test("what an earlier version has left out is as if there were none", () => {
  appendFileSync(path, `{"life":{"invocation":"${one}","keeper":"api@1"}}\n`);
  expect(left()).toEqual([entry(one)]);
});

test("whoever goes on knows those who are alive already, also when nobody has begun since", () => {
  open().began(entry(one));
  const next = open([entry(one)]);
  next.began(entry(two));
  expect(left()).toEqual([entry(one), entry(two)]);
  next.ended(one);
  expect(left()).toEqual([entry(two)]);
});

test("a crash loop makes it no longer than a few hundred kilobytes", () => {
  const ledger = open();
  ledger.began(entry(one));
  for (let times = 0; times < 5000; times++) {
    ledger.began(entry(two));
    ledger.ended(two);
  }
  expect(statSync(path).size).toBeLessThan(300_000);
  expect(left()).toEqual([entry(one)]);
});

test("a file that went away is made again with all of them; a refusal is noted once and holds nothing up", () => {
  const notes: string[] = [];
  const ledger = open([], notes);
  ledger.began(entry(one));
  rmSync(path);
  ledger.began(entry(two));
  expect(left()).toEqual([entry(one), entry(two)]);
  expect(notes).toEqual([]);
  rmSync(path);
  mkdirSync(path);
  const refused = open([], notes);
  for (const invocation of [one, two]) refused.began(entry(invocation));
  expect(notes).toEqual([expect.stringContaining("Is a directory")]);
  expect(() => readFileSync(path)).toThrow();
});
