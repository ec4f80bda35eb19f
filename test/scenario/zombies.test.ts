import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { askControl } from "../support/control.ts";
import { eventually } from "../support/eventually.ts";
import { namespace, startContainer } from "../support/namespace.ts";
import { withRoot } from "../support/root.ts";
import { shellUnit } from "../support/unit-text.ts";

/** `ORPHANS=100000` for all of what docs/containers.md says. */
const ORPHANS = Number(process.env.ORPHANS ?? 1000);
const BREED_BOUND_MS = 30_000 + ORPHANS * 5;
/** So many may be dead and not reaped at a moment, while they come as fast as they can be made. */
const MOST_WAITING = 2000;
const ANSWER_BOUND_MS = 2_000;

/** Each child leaves one behind that ends at once: process 1 is who it is left to. */
const breed = `for (1..${ORPHANS}) { my $pid = fork // die $!; if ($pid == 0) { fork; exit } waitpid $pid, 0 } open my $f, ">", "bred"; sleep 1000`;

if (typeof namespace === "string") console.log(`no namespace for a process 1 here, no orphans are bred: ${namespace}`);

for (const runtime of ["bun", "deno"] as const) {
  describe.skipIf(typeof namespace === "string")(`as process 1 on ${runtime}`, () => {
    test(
      "thousands of orphans are reaped as they die, and who asks meanwhile is answered",
      async () => {
        const units = { "breeder.toml": shellUnit(`exec perl -e '${breed}'`) };
        await withRoot({ runtime, units }, async (root) => {
          const container = await startContainer(root);
          const zombies = () => container.children().filter(({ state }) => state === "Z").length;
          let [longestMs, most] = [0, 0];
          const isBred = async () => {
            const began = performance.now();
            const reply = await askControl(root.controlPath, "/v1/status");
            if (reply) longestMs = Math.max(longestMs, performance.now() - began);
            most = Math.max(most, zombies());
            return existsSync(join(root.path, "bred"));
          };
          await eventually(isBred, BREED_BOUND_MS, "all are bred");
          await eventually(() => zombies() === 0, 5_000, "none is left", zombies);
          expect(most).toBeLessThan(MOST_WAITING);
          expect(longestMs).toBeLessThan(ANSWER_BOUND_MS);
          console.log(
            `${runtime}: ${ORPHANS} orphans, at most ${most} waiting, longest answer ${Math.round(longestMs)} ms`,
          );
          container.signal("SIGTERM");
          expect(await container.ended(15_000)).toEqual({ code: 0, signal: null });
        });
      },
      BREED_BOUND_MS + 30_000,
    );
  });
}
