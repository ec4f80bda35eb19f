import { expect } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { testWith } from "../../support/test-with.ts";
import { withRecipe } from "./served.ts";

testWith(["gunicorn"], "gunicorn is handed over three times without a failed request", async () => {
  await withRecipe({ page: "gunicorn", runtime: "bun" }, async (served) => {
    const load = await served.load();
    for (let times = 0; times < 3; times++) await served.handOver();
    const { failed, samples, generations } = await load.stop();
    expect({ failed, samples }).toEqual({ failed: 0, samples: [] });
    expect(Object.keys(generations)).toEqual(["1", "2", "3", "4"]);
  });
});

testWith(["gunicorn"], "gunicorn with threads is handed over without a failed request", async () => {
  await withRecipe({ page: "gunicorn", variant: "With threads", runtime: "deno" }, async (served) => {
    const load = await served.load();
    for (let times = 0; times < 2; times++) await served.handOver();
    const { failed, samples, generations } = await load.stop();
    expect({ failed, samples }).toEqual({ failed: 0, samples: [] });
    expect(Object.keys(generations)).toEqual(["1", "2", "3"]);
  });
});

testWith(
  ["gunicorn"],
  "B2: gunicorn says READY before its application is loaded; the handover waits for an answer, and keeps the old one without",
  async () => {
    await withRecipe({ page: "gunicorn", runtime: "deno" }, async (served) => {
      const load = await served.load();
      const app = served.read("app.py");
      served.write("app.py", `import time\ntime.sleep(1.5)\n${app}`);
      await served.handOver();
      expect((await served.unit("web")).handover.ready_ms).toBeGreaterThan(1500);

      served.write("app.py", `import no_such_module\n${app}`);
      // With two, the end of the second may come upon gunicorn while it waits for the first, up to graceful_timeout.
      served.write("gunicorn.conf.py", served.read("gunicorn.conf.py").replace("workers = 2", "workers = 1"));
      const { code, stderr } = await served.cli("reload", "web");
      expect({ code, stderr }).toMatchObject({ code: 8, stderr: expect.stringContaining("the old generation stays") });
      expect(stderr).toContain("Worker failed to boot");
      const { failed, samples, generations } = await load.stop();
      expect({ failed, samples }).toEqual({ failed: 0, samples: [] });
      expect(Object.keys(generations)).toEqual(["1", "2"]);
    });
  },
);

testWith(
  ["gunicorn"],
  "B15: gunicorn's own reload changes the main process, which MAINPID= names: nobody ends the service with the old one",
  async () => {
    await withRecipe({ page: "gunicorn", variant: "With its own reload", runtime: "bun" }, async (served) => {
      const load = await served.load();
      const pids = [(await served.unit("web")).main_pid];
      for (let times = 0; times < 2; times++) {
        expect((await served.cli("reload", "web")).code).toBe(0);
        const isNext = (pid: number | null) => pid !== null && !pids.includes(pid);
        const { main_pid } = await served.until("web", (now) => isNext(now.main_pid), "another main process");
        const isOver = () => !served.processes().some(({ pid }) => pids.includes(pid));
        await eventually(isOver, 10_000, "the gunicorn before has ended", served.processes);
        pids.push(main_pid);
      }
      const unit = await served.unit("web");
      expect(unit).toMatchObject({ active_state: "active", generation: 1, restarts: 0, main_pid: pids.at(-1) });
      const { failed, samples } = await load.stop();
      expect({ failed, samples }).toEqual({ failed: 0, samples: [] });
    });
  },
);
