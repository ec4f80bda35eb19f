import type { Happening } from "../daemon/ports.ts";

/**
 * Renders happenings as server-sent events, with a comment whenever nothing happened for `beatMs`, so that a dead client is noticed.
 * `follow: false` ends with the last happening that is kept: the first one that has to be waited for is not.
 * Shape: `id: 7\nevent: service.active\ndata: {…}\n\n`. Source: HTML Living Standard, §9.2.
 */
export async function* eventFrames(
  happenings: AsyncIterable<Happening>,
  { beatMs, follow }: Readonly<{ beatMs: number; follow: boolean }>,
): AsyncGenerator<string> {
  yield "retry: 1000\n\n";
  const source = happenings[Symbol.asyncIterator]();
  for (let next = source.next(); ; ) {
    const found = await orBeat(next, follow ? beatMs : 0);
    if (found === "beat" && follow) {
      yield ": still here\n\n";
      continue;
    }
    if (found === "beat" || found.done === true) return;
    const happening = found.value;
    yield `id: ${happening.seq}\nevent: ${happening.event}\ndata: ${JSON.stringify(happening)}\n\n`;
    next = source.next();
  }
}

async function orBeat<T>(promise: Promise<T>, beatMs: number): Promise<T | "beat"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const beat = new Promise<"beat">((resolve) => {
    timer = setTimeout(resolve, beatMs, "beat");
  });
  try {
    return await Promise.race([promise, beat]);
  } finally {
    clearTimeout(timer);
  }
}
