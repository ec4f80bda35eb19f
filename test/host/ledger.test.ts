import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLedger, dropDrafts, type Entry, readLedger } from "../../supervisor/host/ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "ledger-"));
const directory = join(folder, "lives");
const [one, two] = ["1".repeat(32), "2".repeat(32)];
const nothing = { leader: null, notifyPath: null, storeMax: 0, uid: null, pipes: [], group: null };
const entry = (invocation: string, more: Partial<Entry> = {}): Entry => ({
  invocation,
  keeper: "api@1",
  listeners: [],
  ...nothing,
  ...more,
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("who has begun and not ended is read again, for its owner alone", () => {
  const ledger = createLedger(directory, () => {});
  const other = entry(two, { keeper: "api@2", listeners: [{ name: "http", inode: 4711 }] });
  ledger.began(entry(one));
  ledger.began(other);
  ledger.began({ ...other, leader: { pid: 7, startTicks: 8 } });
  ledger.ended(one);
  expect(readLedger(directory)).toEqual([{ ...other, leader: { pid: 7, startTicks: 8 } }]);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, two)).mode & 0o777).toBe(0o600);
});

test("a ledger that was never written is empty; what is none of ours in it is left alone", () => {
  expect(readLedger(directory)).toEqual([]);
  createLedger(directory, () => {}).began(entry(one));
  writeFileSync(join(directory, "notes.txt"), "x");
  writeFileSync(join(directory, one), "");
  expect(readLedger(directory)).toEqual([entry(one, { keeper: "?" })]);
  expect(readdirSync(directory)).toContain("notes.txt");
});

test("a file that was cut off in its writing is no life of its own beside the one that it was to replace", () => {
  const ledger = createLedger(directory, () => {});
  const command = entry(`${two}.stop-post`);
  for (const each of [entry(one), command]) {
    ledger.began(each);
    writeFileSync(join(directory, `${each.invocation}.new`), "{");
  }
  expect(readLedger(directory).toSorted((a, b) => a.invocation.localeCompare(b.invocation))).toEqual([
    entry(one),
    command,
  ]);
  dropDrafts(directory);
  expect(readdirSync(directory).toSorted()).toEqual([one, `${two}.stop-post`]);
});

test("a folder that went away is made again; a refusal is noted once and holds nothing up", () => {
  const notes: string[] = [];
  const ledger = createLedger(directory, (text) => notes.push(text));
  ledger.began(entry(one));
  rmSync(folder, { recursive: true });
  ledger.began(entry(two));
  expect(existsSync(join(directory, two))).toBe(true);
  rmSync(directory, { recursive: true });
  writeFileSync(directory, "in the way");
  for (const invocation of [one, two]) ledger.began(entry(invocation));
  expect(notes).toEqual([expect.stringContaining("ENOTDIR")]);
  ledger.ended(one);
});
