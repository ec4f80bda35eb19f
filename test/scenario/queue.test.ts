import { expect, test } from "bun:test";
import type { Daemon } from "../support/daemon.ts";
import { withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { bundledUnit } from "../support/unit-text.ts";

const BOUND_MS = 20_000;
const nothing = { rows: [], group_by: "k", sum: "v" };
/** Its handler refuses it for good. */
const bad = { rows: [{}], group_by: "k", sum: "v" };

type Stats = { tasks: Record<string, number>; paused: string[] };

for (const { daemon: runtime, service } of alike) {
  test(`the queue is told and ordered at the terminal: ${runtime}`, async () => {
    const units = { "api.toml": bundledUnit(service, "api", []), "worker.toml": bundledUnit(service, "worker", []) };
    await withDaemon({ runtime, units }, async (daemon) => {
      const stats = async () => JSON.parse((await daemon.cli("queue", "stats", "--json")).stdout) as Stats;
      const counts = async (dead: number, done: number) => {
        const { tasks } = await stats();
        return tasks.dead === dead && tasks.done === done && tasks.queued === 0 && tasks.running === 0;
      };
      expect((await daemon.cli("queue", "pause")).stdout).toMatch(/^paused +all$/m);
      const ids = [await post(daemon, nothing), await post(daemon, bad), await post(daemon, bad)];
      expect(await stats()).toMatchObject({ tasks: { queued: 3, done: 0, dead: 0 }, paused: ["*"] });
      expect(await daemon.cli("queue", "resume", "-q")).toEqual({ code: 0, stdout: "", stderr: "" });
      await eventually(() => counts(2, 1), BOUND_MS, "one is done, two are dead");

      const dead = (await daemon.cli("queue", "list", "dead")).stdout.split("\n");
      expect(dead.map((line) => line.split(/ +/)[0])).toEqual(["ID", ids[1] ?? "", ids[2] ?? "", ""]);
      expect(dead[1]).toContain("report.aggregate  dead   1/5");
      const page = JSON.parse((await daemon.cli("queue", "list", "dead", "-n1", "--json")).stdout);
      expect(page.tasks).toMatchObject([{ id: ids[1], state: "dead" }]);

      expect((await daemon.cli("queue", "retry", "all")).stdout).toBe(`${ids[1]}: queued\n${ids[2]}: queued\n`);
      await eventually(() => counts(2, 1), BOUND_MS, "they are dead again");
      const some = await daemon.cli("queue", "discard", ids[1] ?? "", "nobody");
      expect(some).toEqual({
        code: 1,
        stdout: `${ids[1]}: forgotten\n`,
        stderr: "queue discard nobody: There is no task of this id.\n",
      });
      expect((await daemon.cli("queue", "discard", "all")).stdout).toBe(`${ids[2]}: forgotten\n`);
      expect((await stats()).tasks).toMatchObject({ dead: 0, done: 1 });
    });
  }, 120_000);
}

test("what cannot be asked of a queue is refused in a line, and with its exit code", async () => {
  const units = { "api.toml": bundledUnit("bun", "api", []), "worker.toml": bundledUnit("bun", "worker", []) };
  await withDaemon({ runtime: "bun", units }, async (daemon) => {
    for (const [args, code, says] of [
      [["stat"], 2, "must be stats, list, retry, discard, pause or resume, got 'stat'; did you mean 'stats'?"],
      [["retry"], 2, "usage: supervisor queue retry ID…|all"],
      [["list", "ded"], 1, "list: state: "],
      [["pause", "nope"], 1, "pause: type: "],
      [["stats", "--unit", "apy"], 3, "apy is not active, or has no listener 'http'; did you mean 'api'?"],
      [["stats", "--unit", "worker"], 3, "worker is not active, or has no listener 'http'"],
    ] as const) {
      const ended = await daemon.cli("queue", ...args);
      expect({ args, code: ended.code, stdout: ended.stdout }).toEqual({ args, code, stdout: "" });
      expect(ended.stderr).toStartWith(`supervisor queue${says.startsWith(args[0]) ? " " : ": "}${says}`);
      expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
    }
    await daemon.cli("stop", "api");
    expect(await daemon.cli("queue", "stats")).toMatchObject({
      code: 3,
      stderr: "supervisor queue: no active unit has a listener 'http' to ask\n",
    });
  });
}, 120_000);

async function post(daemon: Daemon, payload: unknown): Promise<string> {
  const address = (await daemon.unit("api")).listeners[0]?.address;
  const body = JSON.stringify({ type: "report.aggregate", payload });
  const answer = await fetch(`http://${address}/tasks`, { method: "POST", body });
  return ((await answer.json()) as { id: string }).id;
}
