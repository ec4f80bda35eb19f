import { expect, test } from "bun:test";
import { baseEnvironment, readEnvironmentFiles } from "../../supervisor/unit/environment.ts";
import { node, unit } from "./sample.ts";

test("names that only begin alike are kept", () => {
  const environ = { LISTEN: "1", SUPERVISOR: "1", WATCHDOG: "1", MY_LISTEN_FDS: "1", SUPERVISOR_X: "0" };
  expect(Object.keys(baseEnvironment(node("api"), environ))).toEqual([
    "LISTEN",
    "SUPERVISOR",
    "WATCHDOG",
    "MY_LISTEN_FDS",
    "SUPERVISOR_X",
  ]);
});

test("a clean environment has no language where the supervisor has none", () => {
  const clean = unit("api", '[service]\nscript = "a.ts"\ninherit_environment = false\n');
  expect(Object.keys(baseEnvironment(clean, { HOME: "/root" }))).toEqual(["PATH"]);
});

test("an account takes the place of whose session the supervisor runs in, and what it does not bring is not left over", () => {
  const environ = { PATH: "/bin", HOME: "/root", USER: "root", LOGNAME: "root", SHELL: "/bin/bash" };
  const login = { HOME: "/var/www", USER: "www-data", LOGNAME: "www-data" };
  expect(baseEnvironment(node("api"), environ, login)).toEqual({ PATH: "/bin", ...login });
  expect(baseEnvironment(node("api"), environ)).toEqual(environ);
  const clean = unit("api", '[service]\nscript = "a.ts"\ninherit_environment = false\n');
  expect(baseEnvironment(clean, environ, login)).toMatchObject(login);
});

test("the faults of all files are gathered, and the good lines of a good file are kept", () => {
  const wanted = ["/a", "/b", "/c"].map((path) => ({ path, optional: path === "/c" }));
  const read = readEnvironmentFiles(node("api"), wanted, [
    { path: "/b", text: "x\n" },
    { path: "/c", text: "C=1" },
  ]);
  expect(read.variables).toEqual([["C", "1"]]);
  expect(read.faults.map((fault) => [fault.unit, fault.at?.file])).toEqual([
    ["api", "units/api.toml"],
    ["api", "/b"],
  ]);
});
