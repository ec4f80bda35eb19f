import { expect, setDefaultTimeout, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { runScript, runtimes } from "./program.ts";

setDefaultTimeout(60_000);

const SCRIPT = fileURLToPath(new URL("./fixtures/copies.ts", import.meta.url));

test.concurrent.each(runtimes)(
  "on %s each copy is what its files say when it is loaded, whatever failed or hung before; what is not replaceable there is once",
  async (runtime) => {
    const { code, stdout, stderr } = await runScript({ runtime, script: [SCRIPT] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      values: [1, 2, 5],
      files: ["entry.ts", "leaf.ts"],
      refused: {
        syntax: "refused",
        "syntax again": "refused",
        throws: "refused",
        "misses an export": "refused",
        missing: "refused",
      },
      given: "refused",
      late: 1,
      isOneForAll: true,
      loads: 1,
    });
  },
);
