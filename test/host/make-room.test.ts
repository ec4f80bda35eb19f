import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRoom } from "../../supervisor/host/make-room.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "groups-"));
  for (const [path, controllers] of [
    ["", "memory pids\n"],
    ["supervisor-7", "memory pids\n"],
    ["supervisor-7/api@1.x", "\n"],
    [".control", "\n"],
  ] as const) {
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, "cgroup.subtree_control"), controllers);
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

const handedDown = (path: string) => readFileSync(join(folder, path, "cgroup.subtree_control"), "utf8");

test("all controllers are taken back from a service's own group and those below it", () => {
  makeRoom({ name: "/system.slice/supervisor.service/.control", folder: join(folder, ".control") });
  expect(["", "supervisor-7", "supervisor-7/api@1.x"].map(handedDown)).toEqual([
    "-memory -pids",
    "-memory -pids",
    "\n",
  ]);
});

test("nobody's controllers are touched where systemd has not put us beside a service, or there are no groups", () => {
  makeRoom({ name: "/user.slice/session-1.scope", folder: join(folder, "supervisor-7") });
  makeRoom(null);
  expect(["", "supervisor-7"].map(handedDown)).toEqual(["memory pids\n", "memory pids\n"]);
});
