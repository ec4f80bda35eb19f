import { expect, test } from "bun:test";
import { attemptOf } from "../../services/worker/outcome.ts";

const error = { code: "busy", message: "later" };

test("what is an attempt stays one", () => {
  expect(attemptOf({ ok: true, result: { a: [1] }, more: 1 })).toEqual({ ok: true, result: { a: [1] } });
  expect(attemptOf({ ok: true })).toEqual({ ok: true, result: undefined });
  expect(attemptOf({ ok: false, error, retry: false })).toEqual({ ok: false, error, retry: false, retryAfterMs: 0 });
});

test.each([
  [0.4, 1],
  [-5, 0],
  [86_400_000, 86_400_000],
])("a rest is a whole number of milliseconds: %d becomes %d", (given, retryAfterMs) => {
  expect(attemptOf({ ok: false, error, retry: true, retryAfterMs: given })).toMatchObject({ retryAfterMs });
});

test("an error keeps the begin of its words", () => {
  const long = { code: "c".repeat(101), message: "m".repeat(2_001) };
  expect(attemptOf({ ok: false, error: long, retry: true })).toMatchObject({
    error: { code: "c".repeat(100), message: "m".repeat(2_000) },
  });
});

test.each([
  [null, "is no attempt"],
  ["ok", "is no attempt"],
  [{ ok: 1 }, "is no attempt"],
  [{ ok: true, result: 1n }, "has a result that is not JSON"],
  [{ ok: true, result: Symbol("x") }, "has a result that is not JSON"],
  [{ ok: true, result: { toJSON: () => undefined } }, "has a result that is not JSON"],
  [{ ok: false, retry: true }, "has no error with code and message"],
  [{ ok: false, error: "no", retry: true }, "has no error with code and message"],
  [{ ok: false, error: { code: 1, message: "x" }, retry: true }, "has no error with code and message"],
  [{ ok: false, error }, "does not say whether to retry"],
  [{ ok: false, error, retry: true, retryAfterMs: "1" }, "has a retryAfterMs that is no number of milliseconds"],
  [{ ok: false, error, retry: true, retryAfterMs: 1e300 }, "has a retryAfterMs that is no number of milliseconds"],
])("what is none is a failure that says so: %p", (returned, what) => {
  const message = `What the handler returned ${what}.`;
  expect(attemptOf(returned)).toEqual({ ok: false, error: { code: "outcome-invalid", message }, retry: true });
});

test("a result has a bound, and no retry makes it smaller", () => {
  const most = "x".repeat(4_194_302);
  expect(attemptOf({ ok: true, result: most })).toEqual({ ok: true, result: most });
  expect(attemptOf({ ok: true, result: `${most}x` })).toMatchObject({
    ok: false,
    error: { code: "result-too-large" },
    retry: false,
  });
});
