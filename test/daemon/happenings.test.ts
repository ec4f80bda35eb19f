import { describe, expect, test } from "bun:test";
import { createHappenings, type Happenings } from "../../supervisor/daemon/happenings.ts";
import type { Happening } from "../../supervisor/daemon/ports.ts";
import { makeHappening } from "../support/happening.ts";

function happening(event: string): Omit<Happening, "seq"> {
  const { seq: _seq, ...rest } = makeHappening({ event });
  return rest;
}

function filled(count: number): Happenings {
  const happenings = createHappenings();
  for (let index = 1; index <= count; index++) happenings.add(happening(`e${index}`));
  return happenings;
}

/** The first happenings of a stream. */
async function take(happenings: Happenings, after: number, count: number): Promise<readonly string[]> {
  const end = new AbortController();
  const found: string[] = [];
  for await (const { seq, event } of happenings.after(after, end.signal)) {
    found.push(`${seq} ${event}`);
    if (found.length === count) end.abort();
  }
  return found;
}

test("what happened is numbered from 1, without gaps", async () => {
  expect(await take(filled(3), 0, 3)).toEqual(["1 e1", "2 e2", "3 e3"]);
});

test("a listener hears what came after the number it names", async () => {
  expect(await take(filled(3), 2, 1)).toEqual(["3 e3"]);
});

test("a number from another life of the daemon is taken for none", async () => {
  expect(await take(filled(2), 99, 2)).toEqual(["1 e1", "2 e2"]);
});

test("the last 1000 are kept", async () => {
  expect(await take(filled(1_000), 0, 1)).toEqual(["1 e1"]);
  expect(await take(filled(1_001), 0, 1)).toEqual(["2 e2"]);
});

test("a listener waits for what is still to come, and so does each other one", async () => {
  const happenings = filled(1);
  const both = Promise.all([take(happenings, 1, 2), take(happenings, 0, 3)]);
  await new Promise((resolve) => setImmediate(resolve));
  happenings.add(happening("e2"));
  await new Promise((resolve) => setImmediate(resolve));
  happenings.add(happening("e3"));
  expect(await both).toEqual([
    ["2 e2", "3 e3"],
    ["1 e1", "2 e2", "3 e3"],
  ]);
});

describe("an abort", () => {
  const listen = async (happenings: Happenings, signal: AbortSignal): Promise<number> => {
    let count = 0;
    for await (const _ of happenings.after(0, signal)) count++;
    return count;
  };

  test("ends a listener that waits", async () => {
    const end = new AbortController();
    const listening = listen(filled(2), end.signal);
    await new Promise((resolve) => setImmediate(resolve));
    end.abort();
    expect(await listening).toBe(2);
  });

  test("is not listened for any more once there were news", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...all: Parameters<typeof add>) => {
      listeners++;
      add(...all);
    };
    signal.removeEventListener = (...all: Parameters<typeof remove>) => {
      listeners--;
      remove(...all);
    };
    const happenings = filled(0);
    const stream = happenings.after(0, signal)[Symbol.asyncIterator]();
    for (const event of ["e1", "e2", "e3"]) {
      const next = stream.next();
      expect(listeners).toBe(1);
      happenings.add(happening(event));
      expect((await next).value).toMatchObject({ event });
      expect(listeners).toBe(0);
    }
  });

  test("that came before ends it at once", async () => {
    expect(await listen(filled(2), AbortSignal.abort())).toBe(0);
  });
});
