import { expect, test } from "bun:test";
import { privilegesOf } from "../../supervisor/unit/privileges.ts";
import { unit } from "./sample.ts";

const read = (keys: string) => privilegesOf(unit("api", `[service]\nscript = "a.ts"\n${keys}\n`).service);
const none = {
  ...{ user: "", group: "", supplementaryGroups: [], noNewPrivileges: false },
  ...{ umask: null, nice: null, oomScoreAdjust: null, limits: {} },
};

test("a unit that asks for nothing gets no privileges, also when it says so", () => {
  expect([read(""), read('user = ""\nsupplementary_groups = []\nno_new_privileges = false')]).toEqual([null, null]);
});

test.each([
  ['user = "www-data"', { user: "www-data" }],
  ['group = "adm"', { group: "adm" }],
  ['supplementary_groups = ["adm"]', { supplementaryGroups: ["adm"] }],
  ["no_new_privileges = true", { noNewPrivileges: true }],
  ['umask = "0000"', { umask: 0 }],
  ["nice = 0", { nice: 0 }],
  ["oom_score_adjust = 0", { oomScoreAdjust: 0 }],
  ["limit_core = 0", { limits: { core: 0 } }],
  [
    'limit_nofile = 65536\nlimit_memlock = "infinity"',
    { limits: { nofile: 65_536, memlock: Number.POSITIVE_INFINITY } },
  ],
])("%s alone is enough, and zero is a value", (keys, found) => {
  expect(read(keys)).toEqual({ ...none, ...found });
});
