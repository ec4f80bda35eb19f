import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { checkSuccessor } from "../../../supervisor/host/reexec.ts";
import type { Case } from "../../support/case.ts";
import { withRig } from "./rig.ts";

const CHECKS = 6;
/** Who dies meanwhile for each of them, so that somebody is always there to be collected. */
const DEATHS = 6;

export const successorCases: readonly Case[] = [
  {
    promise:
      "what the next program says of itself is heard, and how it ended, however many children are collected meanwhile",
    run: () =>
      withRig(async (rig) => {
        const launcher = join(rig.dir, "next.sh");
        writeFileSync(launcher, '[ "$1" = good ] || { echo "no room here" >&2; exit 7; }\n');
        const check = (word: string) => checkSuccessor({ launcher, arguments: [word], env: process.env });
        for (let times = 0; times < CHECKS; times++) {
          const children = Array.from({ length: DEATHS }, () => rig.shell("exit 3"));
          assert.deepEqual(await Promise.all([check("good"), check("bad")]), [null, "no room here"]);
          for (const child of children) assert.deepEqual((await child.until("exited")).exit, { by: "code", code: 3 });
        }
      }),
  },
];
