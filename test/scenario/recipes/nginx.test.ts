import { expect } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { testWith } from "../../support/test-with.ts";
import { within } from "../../support/within.ts";
import { withRecipe } from "./served.ts";

testWith(
  ["nginx"],
  "nginx takes the listener by NGINX= and is handed over three times without a failed request",
  async () => {
    await withRecipe({ page: "nginx", runtime: "deno" }, async (served) => {
      const load = await served.load();
      for (let times = 0; times < 3; times++) await served.handOver();
      const { failed, samples, generations } = await load.stop();
      expect({ failed, samples }).toEqual({ failed: 0, samples: [] });
      expect(Object.keys(generations)).toHaveLength(4);

      served.write("nginx.conf", "no such directive;");
      const { code, stderr } = await served.cli("reload", "web");
      expect({ code, stderr }).toEqual({ code: 8, stderr: expect.stringContaining('unknown directive "no"') });
    });
  },
);

testWith(
  ["nginx"],
  "nginx as it comes closes idle connections at its drain, and fails no request on a new one",
  async () => {
    await withRecipe({ page: "nginx", variant: "As it comes", runtime: "bun" }, async (served) => {
      const load = await served.load({ keepAlive: 0, oneShot: 16 });
      for (let times = 0; times < 2; times++) await served.handOver();
      const { failed, samples } = await load.stop();
      expect({ failed, samples }).toEqual({ failed: 0, samples: [] });

      const idle = await served.idleClient();
      await served.handOver();
      await within(idle.closed, 2_000, "the idle connection is closed");
    });
  },
);

testWith(
  ["nginx"],
  "nginx's own reload is ordered three times without a failed request, and not with a bad file",
  async () => {
    await withRecipe({ page: "nginx", variant: "With its own reload", runtime: "deno" }, async (served) => {
      const load = await served.load();
      const worker = async () => ((await (await fetch(`http://${served.address}/?n=1`)).json()) as Reply).generation;
      for (let times = 0; times < 3; times++) {
        const before = await worker();
        expect((await served.cli("reload", "web")).code).toBe(0);
        await eventually(async () => (await worker()) !== before, 5_000, "a new worker answers");
      }
      const conf = served.read("nginx.conf");
      served.write("nginx.conf", "no such directive;");
      expect((await served.cli("reload", "web")).code).toBe(1);
      served.write("nginx.conf", conf);
      const { failed, samples, generations } = await load.stop();
      expect({ failed, samples }).toEqual({ failed: 0, samples: [] });
      expect(Object.keys(generations).length).toBeGreaterThanOrEqual(4);
      expect(await served.unit("web")).toMatchObject({ generation: 1, restarts: 0 });
    });
  },
);

type Reply = Readonly<{ generation: string }>;
