import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAcceptedFiles } from "../../supervisor/host/accepted-files.ts";

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "accepted-"));
});
afterEach(() => rmSync(state, { recursive: true }));

const texts = (text: string) =>
  new Map([
    ["units/api.toml", "a"],
    ["config/local.toml", text],
  ]);

test("what was accepted is found by whoever comes after, as a version of its own, for its owner alone", () => {
  const files = createAcceptedFiles(state);
  expect(files.last()).toBeNull();
  expect(files.keep(texts("1"))).toBeNull();
  expect(files.keep(texts("2"))).toBeNull();
  const last = createAcceptedFiles(state).last();
  expect(last?.version).toBe(2);
  expect(readFileSync(join(last?.root ?? "", "config/local.toml"), "utf8")).toBe("2");
  expect(statSync(join(last?.root ?? "", "config/local.toml")).mode & 0o777).toBe(0o600);
});

test("the same files are no other version", () => {
  const files = createAcceptedFiles(state);
  files.keep(texts("1"));
  files.keep(texts("1"));
  expect(files.last()?.version).toBe(1);
});

test("five versions are kept", () => {
  const files = createAcceptedFiles(state);
  for (let each = 1; each <= 12; each++) files.keep(texts(String(each)));
  expect(readdirSync(files.folder).sort()).toEqual(["10", "11", "12", "8", "9", "current"]);
});

test("one that was half written when the supervisor died is not found, and is in nobody's way", () => {
  const files = createAcceptedFiles(state);
  files.keep(texts("1"));
  files.keep(texts("2"));
  writeFileSync(join(files.folder, "current"), "1\n");
  rmSync(join(files.folder, "1"), { recursive: true });
  expect(files.last()).toBeNull();
  expect(files.keep(texts("3"))).toBeNull();
  expect(files.last()?.version).toBe(3);
});

test("when it cannot be kept it is said, and none counts as the last", () => {
  const files = createAcceptedFiles(state);
  files.keep(texts("1"));
  writeFileSync(join(files.folder, "2.new"), "in the way");
  chmodSync(files.folder, 0o700);
  expect(
    files.keep(
      new Map([
        ["units", "a"],
        ["units/api.toml", "b"],
      ]),
    ),
  ).toContain("cannot be kept: ");
  expect(files.last()).toBeNull();
});
