import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { apiUrl, CLOSE, submit } from "./api-client.ts";
import { runtimes } from "./program.ts";
import { hear, Tree } from "./tree.ts";

setDefaultTimeout(90_000);

const sum = { type: "report.aggregate", payload: { rows: [], group_by: "k", sum: "v" } };
const SLOW = 'app.get("/slow", (c) => new Promise((resolve) => setTimeout(() => resolve(c.text("whole")), 600)));\n  ';

/** Has a worker fail as soon as it has done a task. */
const POISON = `work.catch(fail);
  const { done } = await queue.stats();
  const look = setInterval(async () => {
    if ((await queue.stats()).done === done) return;
    clearInterval(look);
    fail(new Error("poison"));
  }, 5);`;

/** What the host tells of a worker that was started again, beside an API that answers a request. */
const told = [
  'module_state{module="worker",state="running"} 1',
  'module_state{module="worker",state="dead"} 0',
  'module_restarts_total{module="worker"} 1',
  'module_restarts_total{module="api"} 0',
  'module_replacements_total{module="api",result="done"} 0',
  'module_in_flight{module="api"} 1',
];

test.concurrent.each(runtimes)(
  "on %s a module has so many requests in hand as it may; one that fails is started again alone; one that stays down has the process finish what it has in hand, and exit with 1",
  async (runtime) => {
    const tree = new Tree();
    tree.change("services/api/app.ts", /(?=app\.notFound\()/, SLOW);
    tree.change("services/modules/worker-module.ts", "work.catch(fail);", POISON);
    const keys = { restart_base_ms: 1, restart_burst: 1, max_in_flight: 2 };
    const settings = Object.entries(keys).flatMap(([key, value]) => ["--set", `modules.${key}=${value}`]);
    const program = tree.run(runtime, "all-in-one", ...settings);
    try {
      const url = await apiUrl(program);
      const busy = [fetch(`${url}/slow`), fetch(`${url}/slow`)];
      await eventually(
        async () => (await fetch(`${url}/info`, { headers: CLOSE })).status === 503,
        5_000,
        "it is busy",
      );
      expect((await Promise.all(busy)).map(({ status }) => status)).toEqual([200, 200]);

      const heard = hear(program);
      await submit(url, sum);
      expect((await heard("module.failed", "worker")).err?.message).toBe("poison");
      await heard("module.restarted", "worker");
      expect((await fetch(`${url}/readyz`, { headers: CLOSE })).status).toBe(200);
      const metrics = await (await fetch(`${url}/metrics`, { headers: CLOSE })).text();
      for (const line of told) expect(metrics).toContain(`\n${line}\n`);

      const slow = fetch(`${url}/slow`);
      await submit(url, sum);
      await heard("module.dead", "worker");
      const answer = await slow;
      expect([answer.status, await answer.text()]).toEqual([200, "whole"]);
      expect(await program.exited).toBe(1);
      expect(program.stderr).toBe("drain: module worker is down\n");
      await heard("api.drained", "api");
    } finally {
      program.child.kill("SIGKILL");
      await program.exited;
      tree.away();
    }
  },
);
