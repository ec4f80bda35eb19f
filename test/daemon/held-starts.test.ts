import { expect, test } from "bun:test";
import { createWorld, type Deed } from "../../supervisor/core/world.ts";
import { createHeldStarts } from "../../supervisor/daemon/held-starts.ts";
import { createPerform } from "../../supervisor/daemon/perform.ts";
import type { ProcessEvent } from "../../supervisor/daemon/ports.ts";
import { createPrograms } from "../../supervisor/daemon/programs.ts";
import { createSockets } from "../../supervisor/daemon/sockets.ts";
import type { KeysRead } from "../../supervisor/unit/credential.ts";
import { ok } from "../../supervisor/unit/fault.ts";
import { makeUnit } from "../support/units.ts";
import { Fakes } from "./fakes.ts";

const api = makeUnit("api", { service: { loadCredentialEncrypted: { db: "db.cred" } } });
const about = { unit: "api", instance: 1 } as const;
const spawn: Deed = { ...about, effect: { tag: "spawn", invocation: "i1", generation: 1, program: "i1" } };
const stop: Deed = { ...about, effect: { tag: "signal", invocation: "i1", signal: "SIGTERM", scope: "main" } };
const refused: KeysRead = { ok: false, message: "the vault is sealed", fix: "" };

/** A daemon's deeds, with keys that somebody else is asked for. */
function begin() {
  const fakes = new Fakes();
  const answers: ProcessEvent[] = [];
  const bugs: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<KeysRead>();
  fakes.credentials.awaited = promise;
  const held = createHeldStarts({ answer: (event) => answers.push(event), bug: (error) => bugs.push(error) });
  const perform = createPerform({
    ...fakes,
    held,
    world: () => createWorld([api]),
    sockets: createSockets(fakes.listeners, () => ok([])),
    programs: createPrograms((path) => path),
    command: () => ok({ argv: ["api"], env: {}, cwd: "/" }),
    commandLine: (_unit, _instance, { argv }) => ok({ argv, env: {}, cwd: "/" }),
    answered: () => undefined,
    answer: (event) => answers.push(event),
    report: () => undefined,
  });
  const give = async (keys: KeysRead) => {
    resolve(keys);
    await promise;
  };
  return { ...fakes, held, perform, answers, bugs, give };
}

test("a start waits for the keys that somebody else has, and is made with them", async () => {
  const { perform, processes, credentials, give } = begin();
  perform(spawn);
  expect(processes.orders).toEqual([]);
  await give(refused);
  expect(processes.orders.map(({ invocation }) => invocation)).toEqual(["i1"]);
  expect(credentials.given).toEqual([refused]);
});

test("a start that is stopped while it waits has failed, and is not made when the keys come", async () => {
  const { perform, processes, answers, give, log } = begin();
  perform(spawn);
  perform(stop);
  const failed = { tag: "spawn-failed", invocation: "i1", stage: "credential", code: "credential-failed" };
  expect(answers).toEqual([expect.objectContaining(failed)]);
  await give(refused);
  expect([processes.orders, answers.length, log]).toEqual([[], 1, []]);
});

test("once it is made a stop reaches the process", async () => {
  const { perform, answers, give, log } = begin();
  perform(spawn);
  await give(refused);
  perform(stop);
  expect([answers, log.at(-1)]).toEqual([[], "SIGTERM main i1"]);
});

test("a bug in a start that has waited is told, and takes nobody with it", async () => {
  const { held, bugs, give, credentials } = begin();
  const error = new Error("a bug");
  held.hold("i2", credentials.awaited as Promise<KeysRead>, () => {
    throw error;
  });
  await give(refused);
  await Promise.resolve();
  expect([bugs, held.drop("i2")]).toEqual([[error], false]);
});
