import { expect, test } from "bun:test";
import { processTree } from "../../../supervisor/cli/render/process-tree.ts";
import { makeInstance } from "../../control/fixtures/fake-desk.ts";

const one = (pid: number, ppid: number, command: string) => ({
  pid,
  ppid,
  command,
  tasks: 1,
  memory_bytes: 1,
  cpu_seconds: 0,
});

test("children stand below their parents, and who has lost his stands alone", () => {
  const processes = [
    one(42, 1, "main"),
    one(43, 42, "shell"),
    one(44, 43, "sleep"),
    one(45, 42, "worker"),
    one(9, 1, "lost"),
  ];
  expect(processTree([makeInstance("api@1", { processes })])).toEqual([
    "├─ 42 main",
    "│  ├─ 43 shell",
    "│  │  └─ 44 sleep",
    "│  └─ 45 worker",
    "└─ 9 lost",
  ]);
});

test("of several instances each has a branch of its own, with its own words", () => {
  const instances = [
    makeInstance("api@1", { pid: 42, processes: [one(42, 1, "a"), one(44, 42, "b")] }),
    makeInstance("api@2", { pid: 43, phase: "draining", status_text: "going", processes: [one(43, 1, "c")] }),
  ];
  expect(processTree(instances)).toEqual([
    "├─ api@1 running, pid 42, generation 3",
    "│  └─ 42 a",
    "│     └─ 44 b",
    "└─ api@2 draining, pid 43, generation 3",
    '   "going"',
    "   └─ 43 c",
  ]);
});

test("without processes there is no tree, and an answer that contradicts itself ends too", () => {
  expect(processTree([])).toEqual([]);
  expect(processTree([makeInstance("api@1")])).toEqual([]);
  expect(processTree([makeInstance("api@1", { processes: [one(1, 2, "a"), one(2, 1, "b")] })])).toEqual([]);
});
