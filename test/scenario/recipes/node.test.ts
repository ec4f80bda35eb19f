import { expect } from "bun:test";
import { testWith } from "../../support/test-with.ts";
import { within } from "../../support/within.ts";
import { withRecipe } from "./served.ts";

testWith(["node"], "a node:http server is handed over three times without a failed request", async () => {
  await withRecipe({ page: "node", runtime: "bun" }, async (served) => {
    const load = await served.load();
    for (let times = 0; times < 3; times++) await served.handOver();
    const { failed, samples, generations } = await load.stop();
    expect({ failed, samples }).toEqual({ failed: 0, samples: [] });
    expect(Object.keys(generations)).toEqual(["1", "2", "3", "4"]);
  });
});

testWith(
  ["node"],
  "a node:http server that calls close() closes idle connections at its drain, as its page says",
  async () => {
    await withRecipe({ page: "node", variant: "As it comes", runtime: "deno" }, async (served) => {
      const idle = await served.idleClient();
      await served.handOver();
      await within(idle.closed, 2_000, "the idle connection is closed");
    });
  },
);
