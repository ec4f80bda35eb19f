import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { type Container, namespace, startContainer } from "../support/namespace.ts";
import { type Root, withRoot } from "../support/root.ts";
import { shellUnit } from "../support/unit-text.ts";

const BOUND_MS = 15_000;
/** By number: Bun's own kill knows neither SIGPWR nor a real-time signal by name. */
const stopping = { SIGTERM: 15, SIGINT: 2, SIGQUIT: 3, SIGPWR: 30, "SIGRTMIN+3": 37 };

/** Leaves orphans of every kind: in its session, in one of their own, twice forked; each ends later than its parent. */
const breeder = shellUnit(
  "(sleep 0.2 &); (setsid sleep 0.3 &); (sh -c '(sleep 0.4 &)' &); setsid sh -c 'exec sleep 0.5' & touch bred; exec sleep 1000",
);
const obstinate = shellUnit("trap '' TERM; touch deaf; while :; do sleep 1000; done", {
  service: { timeout_stop_sec: '"60s"' },
});

if (typeof namespace === "string")
  console.log(`no namespace for a process 1 here, its tests are skipped: ${namespace}`);

for (const runtime of ["bun", "deno"] as const) {
  describe.skipIf(typeof namespace === "string")(`as process 1 on ${runtime}`, () => {
    const inside = (unit: string, use: (root: Root) => Promise<void>) =>
      withRoot({ runtime, units: { "it.toml": unit } }, use);

    test("whoever dies without a parent is reaped, also behind a child of the entrypoint that nobody waits for", async () => {
      await inside(breeder, async (root) => {
        const container = await startContainer(root, [], "sleep 0.1 &");
        await whenThere(root, "bred");
        await eventually(() => onlyTheUnit(container), BOUND_MS, "nobody but the unit is left", container.children);
        container.signal("SIGTERM");
        expect(await container.ended(BOUND_MS)).toEqual({ code: 0, signal: null });
      });
    }, 60_000);

    // Bun's engine keeps SIGPWR for itself, and no program that runs on Bun hears it.
    const heard = Object.entries(stopping).filter(([name]) => runtime === "deno" || name !== "SIGPWR");
    for (const [name, signal] of heard) {
      test(`${name} stops everything`, async () => {
        await inside(
          shellUnit("trap 'echo bye > bye; exit 0' TERM; touch up; while :; do sleep 0.1; done"),
          async (root) => {
            const container = await startContainer(root);
            await whenThere(root, "up");
            container.signal(signal);
            expect(await container.ended(BOUND_MS)).toEqual({ code: 0, signal: null });
            expect(root.read("bye")).toBe("bye\n");
          },
        );
      }, 60_000);
    }

    test("a second SIGTERM kills what does not go", async () => {
      await inside(obstinate, async (root) => {
        const container = await startContainer(root);
        await whenThere(root, "deaf");
        container.signal("SIGTERM");
        await eventually(
          async () => (await root.cli("is-active", "it")).stdout === "deactivating\n",
          BOUND_MS,
          "it is asked to stop",
        );
        await beyondOneSignal();
        container.signal("SIGTERM");
        expect(await container.ended(BOUND_MS)).toEqual({ code: 0, signal: null });
      });
    }, 60_000);

    test("it ends with a unit, and with its exit code", async () => {
      const units = {
        "migrate.toml": shellUnit("sleep 0.3; exit 3", { service: { type: '"oneshot"', restart: '"no"' } }),
        "db.toml": shellUnit("trap 'echo bye > bye; exit 0' TERM; while :; do sleep 0.1; done"),
      };
      await withRoot({ runtime, units }, async (root) => {
        const container = await startContainer(root, ["--exit-with", "migrate"]);
        expect(await container.ended(BOUND_MS)).toEqual({ code: 3, signal: null });
        expect(root.read("bye")).toBe("bye\n");
      });
    }, 60_000);
  });
}

async function whenThere(root: Root, name: string): Promise<void> {
  await eventually(() => existsSync(`${root.path}/${name}`), BOUND_MS, `${name} is there`);
}

function onlyTheUnit(container: Container): boolean {
  const [only, ...others] = container.children();
  return others.length === 0 && only?.name === "sleep" && only.state !== "Z";
}

/** Two signals within half a second count as one, so the second has to come later: the one span that is waited for. */
function beyondOneSignal(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 600));
}
