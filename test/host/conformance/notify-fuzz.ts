import assert from "node:assert/strict";
import { join } from "node:path";
import { runtime } from "../../../supervisor/host/runtime.ts";
import type { Case } from "../../support/case.ts";
import { openDescriptors, type Rig, withRig } from "./rig.ts";

const DATAGRAMS = 20_000;
const LIMIT_MS = 60_000;
/** Units: milliseconds since 1970, so that every run is another one. A failure names it. */
const seed = Date.now() % 1_000_000;

export const notifyFuzzCases: readonly Case[] = [
  {
    promise: "twenty thousand datagrams that nobody should send are taken without a fault, and no descriptor is kept",
    run: () => withRig(babbled),
  },
];

async function babbled(rig: Rig): Promise<void> {
  const before = openDescriptors();
  const deno = runtime.version.startsWith("deno") ? ["run", "-A", "--no-config", "--node-modules-dir=manual"] : [];
  const script = join(import.meta.dirname, "../fixtures/babble.ts");
  const child = rig.spawn([runtime.execPath, ...deno, script, String(DATAGRAMS), String(seed)], {
    notify: true,
    marked: true,
  });
  const end = (): boolean => {
    const last = rig.events.at(-1);
    return last?.tag === "notified" && last.fields.X_END === "1";
  };
  await rig.until(`the end of seed ${seed}`, end, LIMIT_MS);
  assert.deepEqual((await child.until("exited")).exit, { by: "code", code: 0 }, `seed ${seed}`);
  const heard = rig.events.filter(({ tag }) => tag === "notified").length;
  assert.ok(heard > DATAGRAMS / 10 && heard < DATAGRAMS, `${heard} of seed ${seed} were heard`);
  child.closePipes();
  rig.processes.forget("unit@1");
  assert.equal(openDescriptors(), before, `descriptors, seed ${seed}`);
}
