import { expect, test } from "bun:test";
import { fresh } from "../../supervisor/core/state.ts";
import { move, stay } from "../../supervisor/core/turn.ts";

test("a move is told once: one to where it is already is none", () => {
  const moved = move(stay(fresh), { tag: "waiting", deadline: 5 }, { tag: "stopped" });
  const report = {
    tag: "moved",
    from: "inactive",
    to: "waiting",
    cause: { tag: "stopped" },
    invocation: null,
  } as const;
  expect(moved.effects).toEqual([{ tag: "report", report }]);
  const again = move(moved, { tag: "waiting", deadline: 9 });
  expect(again.effects).toEqual(moved.effects);
  expect(again.state.phase).toEqual({ tag: "waiting", deadline: 9 });
});
