import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Watch, watchFolders } from "../../supervisor/daemon/watch.ts";
import { eventually } from "../support/eventually.ts";

let root: string;
let watch: Watch;
let calls = 0;
let lookNow = (): void => undefined;
const units = () => join(root, "units");

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "watch-"));
  mkdirSync(units());
  calls = 0;
  watch = await begin();
  await called(1, "the watch has begun");
});
afterEach(async () => {
  await watch.close();
  rmSync(root, { recursive: true });
});

const begin = () =>
  watchFolders({
    folders: [units(), join(root, "config")],
    lookOften(look) {
      lookNow = look;
      return () => undefined;
    },
    changed: () => {
      calls++;
    },
    failed: (message) => {
      throw new Error(message);
    },
  });
const called = (times: number, what: string) => eventually(() => calls >= times, 5_000, what);

test("a file that is written in several steps is told once", async () => {
  const file = join(units(), "a.toml");
  writeFileSync(`${file}~`, "1");
  writeFileSync(file, "2");
  renameSync(`${file}~`, file);
  writeFileSync(file, "3");
  await called(2, "the file is told");
  writeFileSync(join(units(), "b.toml"), "1");
  await called(3, "the other file is told");
  expect(calls).toBe(3);
});

test("a file that goes, and a folder that comes later, are told", async () => {
  const file = join(root, "config/local.toml");
  mkdirSync(join(root, "config"));
  writeFileSync(file, "1");
  lookNow();
  await called(2, "the new folder is told");
  await called(3, "the watch has begun anew");
  rmSync(file);
  await called(4, "the file that is gone is told");
});

test("a folder that goes and comes back is watched on", async () => {
  await watch.close();
  mkdirSync(join(root, "config"));
  calls = 0;
  watch = await begin();
  await called(1, "the watch has begun");
  rmSync(units(), { recursive: true });
  await called(3, "the folder that is gone is told, and the watch has begun anew");
  mkdirSync(units());
  writeFileSync(join(units(), "a.toml"), "1");
  lookNow();
  await called(5, "the folder that is back is told, and the watch has begun anew");
  writeFileSync(join(units(), "a.toml"), "2");
  await called(6, "its file is told");
}, 20_000);

test("a folder in whose place another is put is watched on", async () => {
  mkdirSync(join(root, "next"));
  writeFileSync(join(root, "next/a.toml"), "1");
  renameSync(units(), join(root, "before"));
  renameSync(join(root, "next"), units());
  await called(3, "the other folder is told, and the watch has begun anew");
  writeFileSync(join(units(), "a.toml"), "2");
  await called(4, "its file is told");
});

test("where there is no folder yet, the watch begins and tells of the first", async () => {
  await watch.close();
  rmSync(units(), { recursive: true });
  calls = 0;
  watch = await begin();
  await called(1, "the watch has begun");
  mkdirSync(units());
  lookNow();
  await called(3, "the folder is told, and the watch has begun anew");
});

test("what is written beside the folders wakes nobody", () => {
  const inode = statSync(root).ino.toString(16);
  const watches = readdirSync("/proc/self/fdinfo").flatMap((fd) => watchesOf(fd));
  expect(watches).toContain(`ino:${statSync(units()).ino.toString(16)}`);
  expect(watches).not.toContain(`ino:${inode}`);
});

/** The inodes of an inotify descriptor's watches. Shape: `ino:1a2b`. Source: proc_pid_fdinfo(5). */
function watchesOf(fd: string): readonly string[] {
  try {
    const lines = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8").split("\n");
    return lines.filter((line) => line.startsWith("inotify ")).flatMap((line) => /\bino:[0-9a-f]+/.exec(line) ?? []);
  } catch {
    return []; // the descriptor of the listing itself
  }
}

test("a file that is written for ever is told all the same", async () => {
  const writing = setInterval(() => writeFileSync(join(units(), "a.toml"), String(performance.now())), 50);
  try {
    await called(2, "it is told while it is written");
  } finally {
    clearInterval(writing);
  }
});

test("a link that is turned to other files, as Kubernetes does it, is told", async () => {
  const turn = (version: string): void => {
    mkdirSync(join(units(), version));
    writeFileSync(join(units(), version, "a.toml"), version);
    symlinkSync(version, join(units(), "..data_tmp"));
    renameSync(join(units(), "..data_tmp"), join(units(), "..data"));
  };
  turn("..1");
  symlinkSync("..data/a.toml", join(units(), "a.toml"));
  await called(2, "the mount is told");
  const before = calls;
  turn("..2");
  await called(before + 1, "the turn is told");
});

test("the file elsewhere that a link leads to is told", async () => {
  const target = join(root, "elsewhere.toml");
  writeFileSync(target, "1");
  symlinkSync(target, join(units(), "linked.toml"));
  await called(2, "the link is told");
  const before = calls;
  writeFileSync(target, "2");
  await called(before + 1, "its target is told");
});
