import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { passagesIn, strayIds } from "../../bench/stamps.ts";

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

function rootWith(files: Readonly<Record<string, string | Uint32Array>>): string {
  const root = mkdtempSync(join(tmpdir(), "stamps-"));
  roots.push(root);
  mkdirSync(join(root, "notes"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, "notes", name), content);
  return root;
}

test("a passage is told by the clocks of both generations; one that was killed tells nothing", () => {
  const lines = [
    { event: "ready", pid: 1, generation: 1, bornAtMs: 0, readyAtMs: 50 },
    { event: "ready", pid: 2, generation: 2, bornAtMs: 1_000, readyAtMs: 1_040 },
    { event: "drained", pid: 1, generation: 1, acceptedUntilMs: 1_043, atMs: 1_100 },
    { event: "ready", pid: 3, generation: 3, bornAtMs: 2_000, readyAtMs: 2_040 },
  ];
  const root = rootWith({ "stamps.ndjson": `${lines.map((line) => JSON.stringify(line)).join("\n")}\n` });
  expect(passagesIn(root)).toEqual([{ generation: 2, bootMs: 40, lastAcceptMs: 3, overlapMs: 100 }]);
});

test("a number that nobody took is lost, one that two took is doubled", () => {
  const root = rootWith({ "ids-1": Uint32Array.from([1, 2, 5]), "ids-2": Uint32Array.from([3, 5]) });
  expect(strayIds(root, 5)).toEqual({ lost: 1, doubled: 1 });
  expect(strayIds(root, 7)).toEqual({ lost: 3, doubled: 1 });
});
