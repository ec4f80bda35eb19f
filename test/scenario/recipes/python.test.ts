import { expect } from "bun:test";
import { testWith } from "../../support/test-with.ts";
import { withRecipe } from "./served.ts";

testWith(
  ["python3"],
  "a reader of LISTEN_FDS in Python's stdlib is handed over three times without a failed request",
  async () => {
    await withRecipe({ page: "python", runtime: "deno" }, async (served) => {
      const load = await served.load();
      for (let times = 0; times < 3; times++) await served.handOver();
      const { failed, samples, generations } = await load.stop();
      expect({ failed, samples }).toEqual({ failed: 0, samples: [] });
      expect(Object.keys(generations)).toEqual(["1", "2", "3", "4"]);
    });
  },
);
