import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createGroups } from "../../../supervisor/host/groups.ts";
import { findProgram } from "../../../supervisor/host/program.ts";
import type { Case } from "../../support/case.ts";
import { openDescriptors, type Rig, withRig } from "./rig.ts";

const modes = [
  { by: "by kinship", grouped: false },
  { by: "by control groups", grouped: true },
] as const;

/** Programs that were written for systemd. */
export const realProgramCases: readonly Case[] = modes.flatMap(({ by, grouped }): readonly Case[] => [
  withProgram(
    "systemd-notify",
    `systemd-notify is heard, and its barrier answered after that, ${by}`,
    grouped,
    barrier,
  ),
  withProgram(
    "systemd-notify",
    `systemd-notify --no-block is heard though it was gone before we came to listen, ${by}`,
    grouped,
    gone,
  ),
  withProgram("redis-server", `redis under --supervised systemd says READY and STOPPING, ${by}`, grouped, redis),
]);

/** Passed over, with a word, where the program or control groups are not there. */
function withProgram(program: string, promise: string, grouped: boolean, use: (rig: Rig) => Promise<void>): Case {
  const run = async (): Promise<void> => {
    const groups = grouped ? createGroups({ note: () => undefined }) : null;
    groups?.close();
    const isThere = findProgram(program, {}, "/").ok;
    if (!isThere || (grouped && !groups)) return console.error(`not run here: ${promise}`);
    await withRig(use, { grouped });
  };
  return { promise, run };
}

async function barrier(rig: Rig): Promise<void> {
  const before = openDescriptors();
  const child = rig.shell(`systemd-notify --ready --status="warm = hot"; echo "came to $?"; exec sleep 100`, {
    notify: true,
    marked: true,
  });
  await child.untilPrinted("came to 0");
  assert.deepEqual(heard(rig, child.invocation), [{ READY: "1", STATUS: "warm = hot" }, { BARRIER: "1" }]);
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.gone();
  child.closePipes();
  await rig.until("no descriptor is kept", () => openDescriptors() === before);
}

async function gone(rig: Rig): Promise<void> {
  const child = rig.shell("systemd-notify --no-block READY=1; touch sent; exec sleep 100", {
    notify: true,
    marked: true,
  });
  // Holds the whole event loop, so that nothing can be heard meanwhile.
  for (const limit = Date.now() + 10_000; !existsSync(join(rig.dir, "sent")); ) assert.ok(Date.now() < limit);
  assert.deepEqual((await child.until("notified")).fields, { READY: "1" });
}

async function redis(rig: Rig): Promise<void> {
  const socket = join(rig.dir, "redis.sock");
  const options = ["--supervised", "systemd", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", rig.dir];
  const child = rig.spawn(["redis-server", ...options], { notify: true, marked: true });
  const said = (key: string): Promise<boolean> =>
    rig.until(key, () => heard(rig, child.invocation).some((fields) => fields[key] === "1"));
  await said("READY");
  assert.ok(existsSync(socket));
  rig.processes.signal(child.invocation, "SIGTERM", "main");
  await said("STOPPING");
  assert.deepEqual((await child.until("exited")).exit, { by: "code", code: 0 });
}

function heard(rig: Rig, of: string): readonly Readonly<Record<string, string>>[] {
  return rig.events.flatMap((event) => (event.tag === "notified" && event.invocation === of ? [event.fields] : []));
}
