import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryPlace } from "../../supervisor/host/in-memory.ts";
import { openRuntimeDir } from "../../supervisor/host/runtime-dir.ts";

let stateDir = "";
const inMemory = memoryPlace(process.env) !== null;
const open = () => openRuntimeDir(stateDir, process.env);

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "runtime-dir-"));
});
afterEach(() => {
  open().remove();
  rmSync(stateDir, { recursive: true, force: true });
});

test("the directory of the sockets lies in memory where it can, for its owner alone, and nothing of it is left in the end", () => {
  const { path, remove } = open();
  expect([path, lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false]).toEqual([
    join(stateDir, "run"),
    inMemory,
  ]);
  if (inMemory) expect(statSync(path).mode & 0o777).toBe(0o700);
  const place = inMemory ? readlinkSync(path) : path;
  if (inMemory) writeFileSync(join(path, "x.notify"), "");
  remove();
  expect([path, place].map(existsSync)).toEqual([false, false]);
});

test("what lies in memory goes in the end also when its link was deleted meanwhile", () => {
  const { path, remove } = open();
  const place = inMemory ? readlinkSync(path) : path;
  rmSync(stateDir, { recursive: true });
  remove();
  expect(existsSync(place)).toBe(false);
  mkdirSync(stateDir);
});

test("whatever an earlier supervisor has there stays: its link, and a directory on the disk", () => {
  const { path } = open();
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "x.notify"), "");
  expect(existsSync(join(open().path, "x.notify"))).toBe(true);
  open().remove();
  mkdirSync(path);
  open();
  expect(lstatSync(path).isDirectory()).toBe(true);
});

test("a link that leads nowhere any more, and one that somebody else has planted, is replaced", () => {
  const path = join(stateDir, "run");
  const planted = join(stateDir, "planted");
  mkdirSync(planted);
  for (const target of [join(stateDir, "gone"), planted]) {
    symlinkSync(target, path);
    open();
    const leads = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : null;
    expect(leads).not.toBe(target);
    open().remove();
  }
  expect(existsSync(planted)).toBe(true);
});
