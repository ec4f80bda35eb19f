import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Group } from "../../../supervisor/host/group.ts";
import type { Groups } from "../../../supervisor/host/groups.ts";
import type { Entry } from "../../../supervisor/host/ledger.ts";
import type { Case } from "../../support/case.ts";
import { limits } from "./in-groups.ts";
import { type Rig, withRig } from "./rig.ts";

const descriptors = { stdout: null, stderr: null, notify: null };
/** No process has such a number. Source: proc_sys_kernel(5), pid_max. */
const ENDED: Entry = {
  invocation: "1".repeat(32),
  keeper: "api@1",
  listeners: [],
  leader: { pid: 2 ** 22 + 1, startTicks: 1 },
  notifyPath: null,
  storeMax: 0,
  uid: null,
  pipes: [],
  group: null,
};

export const doubtCases: readonly Case[] = [
  {
    promise:
      "while nobody can be named in a group with somebody in it an end is not told, and once it is empty nobody was left",
    run: () => withVeiled(dying),
  },
  {
    promise: "where somebody is left for good who cannot be named, somebody is told, and the end of that one",
    run: () => withVeiled(unmet),
  },
  {
    promise: "of one that had ended before that was noted nobody is told to be left",
    run: () => withRig(unnoted, { past: new Map([[ENDED.invocation, { entry: ENDED, pids: [], descriptors }]]) }),
  },
];

/** A group that tells that somebody is in it, and not who: as the kernel does of one whose last process leaves its processor. */
class Veiled extends Group {
  /** How often it is still told that somebody is in it. */
  looksLeft = Number.POSITIVE_INFINITY;

  override holds(): boolean {
    return true;
  }

  override pids(): readonly number[] {
    return [];
  }

  override isPopulated(): boolean {
    return this.looksLeft-- > 0;
  }

  override kill(): void {
    this.looksLeft = 0;
  }
}

type Use = (rig: Rig, group: Veiled) => Promise<void>;

async function withVeiled(use: Use): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "veiled-"));
  const group = new Veiled(folder, "/veiled");
  const groups: Groups = {
    make: () => group,
    plan: () => group,
    renew: () => undefined,
    gather: () => Promise.resolve("gathered"),
    discard: () => undefined,
    close: () => undefined,
  };
  try {
    await withRig((rig) => use(rig, group), { groups });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function dying(rig: Rig, group: Veiled): Promise<void> {
  group.looksLeft = 30;
  const child = rig.shell("exit 3", { resources: limits });
  const { exit, survivors } = await child.until("exited");
  assert.deepEqual([exit, survivors, group.looksLeft < 0], [{ by: "code", code: 3 }, [], true]);
}

async function unmet(rig: Rig): Promise<void> {
  const child = rig.shell("exit 3", { resources: limits });
  const { survivors } = await child.until("exited");
  assert.equal(survivors.length, 1);
  assert.equal(child.seen("emptied"), undefined);
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.until("emptied");
}

async function unnoted(rig: Rig): Promise<void> {
  const { found } = rig.processes.adopt(ENDED.invocation, null);
  assert.deepEqual(found, { tag: "left", exit: { by: "unknown" }, survivors: [] });
}
