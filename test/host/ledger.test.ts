import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLedger, readLedger } from "../../supervisor/host/ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "ledger-"));
const directory = join(folder, "lives");
const [one, two] = ["1".repeat(32), "2".repeat(32)];

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("who has begun and not ended is read again, for its owner alone", () => {
  const ledger = createLedger(directory, () => {});
  ledger.began({ invocation: one, keeper: "api@1", listeners: [] });
  ledger.began({ invocation: two, keeper: "api@2", listeners: [{ name: "http", inode: 4711 }] });
  ledger.ended(one);
  expect(readLedger(directory)).toEqual([
    { invocation: two, keeper: "api@2", listeners: [{ name: "http", inode: 4711 }] },
  ]);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, two)).mode & 0o777).toBe(0o600);
});

test("a ledger that was never written is empty; what is none of ours in it is left alone", () => {
  expect(readLedger(directory)).toEqual([]);
  createLedger(directory, () => {}).began({ invocation: one, keeper: "api@1", listeners: [] });
  writeFileSync(join(directory, "notes.txt"), "x");
  writeFileSync(join(directory, one), "");
  expect(readLedger(directory)).toEqual([{ invocation: one, keeper: "?", listeners: [] }]);
  expect(readdirSync(directory)).toContain("notes.txt");
});

test("a folder that went away is made again; a refusal is noted once and holds nothing up", () => {
  const notes: string[] = [];
  const ledger = createLedger(directory, (text) => notes.push(text));
  ledger.began({ invocation: one, keeper: "api@1", listeners: [] });
  rmSync(folder, { recursive: true });
  ledger.began({ invocation: two, keeper: "api@1", listeners: [] });
  expect(existsSync(join(directory, two))).toBe(true);
  rmSync(directory, { recursive: true });
  writeFileSync(directory, "in the way");
  for (const invocation of [one, two]) ledger.began({ invocation, keeper: "api@1", listeners: [] });
  expect(notes).toEqual([expect.stringContaining("ENOTDIR")]);
  ledger.ended(one);
});
