import { expect, test } from "bun:test";
import { createErrands } from "../../supervisor/daemon/errands.ts";
import type { Question } from "../../supervisor/daemon/ports.ts";

const command = { argv: ["migrate", "up"], env: {}, cwd: "/srv" } as const;

test("each errand hears of its own end alone, and of that once", async () => {
  const asked: Question[] = [];
  let count = 0;
  const errands = createErrands(
    (question) => asked.push(question),
    () => String(++count),
  );
  const [well, badly] = [errands.run(command, 5), errands.run(command, 7)];
  expect(asked).toMatchObject([
    { invocation: "errand-1", timeoutMs: 5, ask: { tag: "exec", command, privileges: null } },
    { invocation: "errand-2", timeoutMs: 7 },
  ]);
  const answer = (invocation: string, ok: boolean) =>
    errands.heard({ invocation, kind: "startup", ok, detail: "exited with code 4" });
  expect(
    ["errand-2", "errand-1", "errand-1", "i1"].map((invocation) => answer(invocation, invocation === "errand-1")),
  ).toEqual([true, true, false, false]);
  expect([await well, await badly]).toEqual([null, "exited with code 4"]);
});
