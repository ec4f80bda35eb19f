import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { accountId, findAccount, loginOf, membershipsOf } from "../../supervisor/host/account.ts";

const users = readFileSync("/etc/passwd", "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => line.split(":")[0] ?? "");

test("every user of the machine is found, and is in the groups that id(1) names", () => {
  for (const user of users) {
    const { gid } = findAccount(user) ?? {};
    const { stdout } = spawnSync("id", ["-G", user], { encoding: "utf8" });
    const named = stdout.trim().split(" ").map(Number);
    expect([user, ...new Set([gid, ...membershipsOf(user)])].sort()).toEqual([user, ...named].sort());
  }
});

test("a number is an account's when it has one, and an account without a group when not", () => {
  expect(findAccount("0")).toEqual(findAccount("root"));
  expect(findAccount("4000000")).toEqual({ name: "4000000", uid: 4_000_000, gid: null, home: "", shell: "" });
});

test("who is not there, and the number that means `leave it`, are nobody", () => {
  for (const name of ["no-such-user", "-1", "4294967295", "4294967296", "1e3", "+1", ""]) {
    expect([name, findAccount(name), accountId("/etc/group", name)]).toEqual([name, null, null]);
  }
  expect(accountId("/etc/group", "4294967294")).toBe(4_294_967_294);
});

test("an account brings its name, its home and its shell; what refuses to be a shell is none, and / is no home", () => {
  expect(loginOf("root")).toMatchObject({ USER: "root", LOGNAME: "root", HOME: "/root" });
  for (const user of users) {
    const { home, shell } = findAccount(user) ?? {};
    const refuses = /nologin$|\/false$/.test(shell ?? "");
    const login = {
      USER: user,
      LOGNAME: user,
      ...(home === "/" ? {} : { HOME: home }),
      ...(refuses ? {} : { SHELL: shell }),
    };
    expect(loginOf(user)).toEqual(login as never);
  }
  expect(loginOf("4000000")).toEqual({ USER: "4000000", LOGNAME: "4000000" });
  expect([loginOf(""), loginOf("no-such-user")]).toEqual([undefined, undefined]);
});
