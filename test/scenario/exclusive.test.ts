import { describe, expect, test } from "bun:test";
import type { Daemon } from "../support/daemon.ts";
import { startLoad } from "../support/load.ts";
import { alike } from "../support/matrix.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { apiUnit, program } from "../support/unit-text.ts";

const LOAD = { keepAlive: 8, oneShot: 8, thinkMs: 10 };
const script = JSON.stringify(program("exclusive.ts"));

for (const { daemon: runtime, service } of alike) {
  describe(`a service that holds a lock: ${runtime}`, () => {
    const mistaken = apiUnit(service, { service: { script, working_directory: '"%t/mistaken"' } });
    const right = apiUnit(service, { service: { script, working_directory: '"%t/right"', reload_mode: '"restart"' } });
    const files = { ".supervisor/mistaken/turns": "", ".supervisor/right/turns": "" };
    const daemon = sharedDaemon({ runtime, units: { "mistaken.toml": mistaken, "right.toml": right }, files });

    test("B21: a handover of it is refused by itself, with its words, and the one that holds the lock serves on", async () => {
      const { ran, tally, before } = await reloaded(daemon(), "mistaken");
      expect(ran).toMatchObject({ code: 8, stderr: expect.stringContaining("exclusive.db: database is locked") });
      expect(tally).toEqual({ failed: 0, samples: [], answered: [before] });
      expect((await daemon().unit("mistaken")).main_pid).toBe(before);
    }, 60_000);

    test('B21: with reload_mode = "restart" there is never a second one, and clients wait in the queue meanwhile', async () => {
      const { ran, tally, before } = await reloaded(daemon(), "right");
      const after = (await daemon().unit("right")).main_pid ?? 0;
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(tally).toEqual({ failed: 0, samples: [], answered: [before, after].sort((a, b) => a - b) });
      expect(leaders(daemon())).toEqual([before, after]);
      expect((await daemon().unit("right")).last_exit).toMatchObject({ code: 0 });
    }, 60_000);
  });
}

/** Reloads a unit under load. Gives who it was before, and who has answered the load. */
async function reloaded(daemon: Daemon, name: string) {
  const { main_pid, listeners } = await daemon.unit(name);
  const load = await startLoad({ address: listeners[0]?.address ?? "", ...LOAD }, daemon.environment);
  const ran = await daemon.cli("reload", name);
  const { failed, samples, generations } = await load.stop();
  return { ran, before: main_pid ?? 0, tally: { failed, samples, answered: Object.keys(generations).map(Number) } };
}

/** Who has led, one after the other: a pid stands there once for all the turns that it has taken in a row. */
function leaders(daemon: Daemon): readonly number[] {
  const turns = daemon.read(".supervisor/right/turns").trim().split("\n").map(Number);
  return turns.filter((pid, at) => pid !== turns[at - 1]);
}
