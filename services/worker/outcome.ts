import type { Attempt } from "../tasks/task-type.ts";

/** As JSON. What is larger belongs into a file, and its name into the result. */
const MAX_RESULT_CHARACTERS = 4_194_304;
const MAX_MESSAGE_CHARACTERS = 2_000;
const MAX_CODE_CHARACTERS = 100;

/** A failed attempt. */
export function failure(code: string, message: string, retry: boolean): Attempt {
  return { ok: false, error: { code, message }, retry };
}

/** What a handler threw, whatever that is: a bug, so the same payload may succeed another time, with another program. */
export function thrown(error: unknown): Attempt {
  return failure("handler-threw", wordsOf(error), true);
}

/**
 * Makes what a handler returned an attempt, whatever it is: handlers are foreign code, and what the queue cannot keep must not reach it.
 * Errors: `outcome-invalid` for what is no attempt, or whose result is not JSON; `result-too-large`, which no retry can mend.
 */
export function attemptOf(returned: unknown): Attempt {
  if (!isObject(returned) || typeof returned.ok !== "boolean") return invalid("is no attempt");
  if (returned.ok) return withResult(returned.result);
  const { error, retry, retryAfterMs = 0 } = returned;
  if (!isObject(error) || typeof error.code !== "string" || typeof error.message !== "string")
    return invalid("has no error with code and message");
  if (typeof retry !== "boolean") return invalid("does not say whether to retry");
  if (typeof retryAfterMs !== "number" || !Number.isSafeInteger(Math.ceil(retryAfterMs)))
    return invalid("has a retryAfterMs that is no number of milliseconds");
  const code = error.code.slice(0, MAX_CODE_CHARACTERS);
  const message = error.message.slice(0, MAX_MESSAGE_CHARACTERS);
  return { ok: false, error: { code, message }, retry, retryAfterMs: Math.max(0, Math.ceil(retryAfterMs)) };
}

/** The value as JSON; null when there is none of it: a BigInt, a circle, a function, more than fits into a string. */
export function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value ?? null) ?? null;
  } catch {
    return null; // Whatever its toJSON throws, too.
  }
}

function withResult(result: unknown): Attempt {
  const text = jsonOf(result);
  if (text === null) return invalid("has a result that is not JSON");
  if (text.length <= MAX_RESULT_CHARACTERS) return { ok: true, result };
  const words = `The result has ${text.length} characters as JSON, ${MAX_RESULT_CHARACTERS} are allowed.`;
  return failure("result-too-large", words, false);
}

const invalid = (what: string) => failure("outcome-invalid", `What the handler returned ${what}.`, true);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** What may be told of something that was thrown. */
export function wordsOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error).slice(0, MAX_MESSAGE_CHARACTERS);
  } catch {
    return "something that cannot be put into words";
  }
}
