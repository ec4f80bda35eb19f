import { expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Load } from "../../supervisor/daemon/ports.ts";
import { scales } from "../../supervisor/host/scales.ts";
import { eventually } from "../support/eventually.ts";
import { runDeno } from "../support/run-deno.ts";
import { within } from "../support/within.ts";

/** Lends a process in a session of its own that has printed a line, and kills its session, and whoever it names behind its own number. */
async function withProcess(script: string, use: (pid: number) => void | Promise<void>): Promise<void> {
  const child: ChildProcess = spawn("setsid", ["sh", "-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const strays: number[] = [];
  try {
    const [line] = await within(once(child.stdout ?? child, "data"), 5_000, "the process is up");
    const [pid = 0, ...others] = String(line).trim().split(" ").map(Number);
    strays.push(...others);
    await use(pid);
  } finally {
    process.kill(-(child.pid ?? 0), "SIGKILL");
    for (const pid of strays) process.kill(pid, "SIGKILL");
    await ended;
  }
}

const three = "sleep 100 & sleep 100 & echo $$; wait";

test("a process is weighed with its session and its descendants, also those that left the session", () =>
  withProcess("sleep 100 & setsid sleep 100 & echo $$ $!; wait", async (pid) => {
    await eventually(async () => (await scales.weigh([pid])).get(pid)?.tasks === 3, 4_000, "three processes");
    const load = (await scales.weigh([pid])).get(pid);
    expect(load?.memoryBytes).toBeGreaterThan(100_000);
    expect(load?.openFds).toBeGreaterThanOrEqual(9);
    expect(load?.cpuSeconds).toBeGreaterThanOrEqual(0);
  }));

test("several are weighed apart, and one that is gone is left out", () =>
  withProcess(three, (pid) =>
    withProcess("echo $$; sleep 100", async (other) => {
      const loads = await scales.weigh([pid, other, 4_194_303]);
      expect([...loads].map(([each, { tasks }]) => [each, tasks]).sort()).toEqual(
        [
          [pid, 3],
          [other, loads.get(other)?.tasks ?? 0],
        ].sort(),
      );
      expect(loads.get(other)?.tasks).toBeGreaterThan(0);
    }),
  ));

test("the same on Deno", () =>
  withProcess(three, (pid) => {
    const printed = runDeno(join(import.meta.dirname, "fixtures/scales.ts"), [String(pid)]);
    const { loads } = JSON.parse(printed) as { loads: [number, Load][] };
    expect(loads.map(([each, { tasks }]) => [each, tasks])).toEqual([[pid, 3]]);
  }));
