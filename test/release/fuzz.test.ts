import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeLedger, encodeLedger, type Ledger } from "../../supervisor/release/ledger.ts";
import { makeRelease, makeShelf } from "../../supervisor/release/make.ts";
import { openShelf, readLedger } from "../../supervisor/release/shelf.ts";
import { RELEASE_NAME } from "../../supervisor/unit/release.ts";
import { mutatedBytes } from "../support/mutate.ts";
import { walkReleases } from "./walker.ts";

const MUTATIONS = 1000;

const at = "2026-11-22T01:30:05.000Z";
const ledger: Ledger = {
  current: "v1",
  proving: { release: "v1", back: null, until: 5, boot: "b", watched: ["api"] },
  marks: [
    { release: "v1", hash: "aa", state: "good", reason: null, at },
    { release: "v0", hash: "bb", state: "bad", reason: "api@1: exited with code 3", at },
  ],
};

let root: string;
let stateDir: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "sv-fuzz-"));
  stateDir = join(root, ".supervisor");
  makeShelf(stateDir);
  mkdirSync(join(root, "units"));
  for (const name of ["units/api.toml", "main", "é \n"]) writeFileSync(join(root, name), name);
  make("v1");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function make(name: string): void {
  const about = { name, now: new Date(0), runtime: "bun", by: null, commit: null, origin: root };
  makeRelease({ source: root, root, stateDir, ...about, exclude: [], shared: [], sync: () => undefined });
}

const inRelease = (name: string): string => join(stateDir, "releases/v1", name);

test(`${MUTATIONS} mutations of the ledger: it is read as one that can be written again, or refused with its path`, () => {
  const path = join(stateDir, "releases.json");
  const seen = { read: 0, refused: 0 };
  for (let seed = 1; seed <= MUTATIONS; seed++) {
    writeFileSync(path, mutatedBytes(encodeLedger(ledger), seed));
    const read = readLedger(stateDir);
    seen["fault" in read ? "refused" : "read"]++;
    const isRight =
      "fault" in read
        ? read.fault.startsWith(`${path}: `) && !read.fault.includes("\n")
        : Bun.deepEquals(decodeLedger(encodeLedger(read.ledger)), read.ledger) && isSafe(read.ledger);
    if (!isRight) throw new Error(`seed ${seed}: ${JSON.stringify(read)}`);
  }
  rmSync(path);
  expect(seen.read).toBeGreaterThan(5);
  expect(seen.refused).toBeGreaterThan(100);
});

/** Names nothing outside the folder of the releases. */
function isSafe({ current, proving, marks }: Ledger): boolean {
  const names = [current, proving?.release, proving?.back, ...marks.map(({ release }) => release)];
  return names.every((name) => name == null || RELEASE_NAME.test(name));
}

test(`${MUTATIONS} mutations of a manifest: it is that of the release, or there is no such release`, () => {
  const path = inRelease("manifest.json");
  const good = readFileSync(path, "utf8");
  const shelf = openShelf(stateDir);
  const seen = { read: 0, refused: 0 };
  chmodSync(path, 0o600);
  for (let seed = 1; seed <= MUTATIONS; seed++) {
    writeFileSync(path, mutatedBytes(good, seed));
    const found = shelf.find("v1");
    seen[found ? "read" : "refused"]++;
    const isRight = found === null || (found.id === "v1" && [found.hash, found.at, found.source].every(isText));
    if (!isRight || shelf.list().length !== (found ? 1 : 0)) throw new Error(`seed ${seed}: ${JSON.stringify(found)}`);
  }
  writeFileSync(path, good);
  expect(seen.read).toBeGreaterThan(50);
  expect(seen.refused).toBeGreaterThan(100);
});

const isText = (value: unknown): boolean => typeof value === "string";

test("mutations of a list of files: the next release shares less with that one, and is whole", () => {
  const path = inRelease("files.jsonl");
  const good = readFileSync(path, "utf8");
  chmodSync(path, 0o600);
  for (let seed = 1; seed <= MUTATIONS / 5; seed++) {
    writeFileSync(path, mutatedBytes(good, seed));
    try {
      make("v2");
      writeFileSync(path, good);
      expect({ seed, faults: walkReleases(stateDir, root) }).toEqual({ seed, faults: [] });
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    rmSync(join(stateDir, "releases/v2"), { recursive: true });
  }
});

test.each([
  ["too long", "9".repeat(400)],
  ["no path at all", "main\0"],
  ["below a file", "main/main"],
])("a list of files with a path that is %s: nothing is shared by it", (_, path) => {
  const listing = inRelease("files.jsonl");
  const good = readFileSync(listing, "utf8");
  chmodSync(listing, 0o600);
  writeFileSync(listing, good.replaceAll('"main"', JSON.stringify(path)));
  try {
    make("v3");
  } finally {
    writeFileSync(listing, good);
  }
  expect(walkReleases(stateDir, root)).toEqual([]);
  rmSync(join(stateDir, "releases/v3"), { recursive: true });
});
