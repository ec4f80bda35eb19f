import { expect, test } from "bun:test";
import { constants } from "node:os";
import { parseSignal, signalName, signalNumber } from "../../supervisor/unit/signal.ts";

test("a signal may be written with its prefix, without it, in small letters, or as a number", () => {
  for (const raw of ["TERM", "SIGTERM", "sigterm", "term", 15, "15"]) expect(parseSignal(raw)).toBe("SIGTERM");
});

test("what is no signal is refused", () => {
  for (const raw of ["", "SIG", "FOO", "TERM2", 0, 64, 1.5, -1, "toString"]) expect(parseSignal(raw)).toBeNull();
});

test("names and numbers are those of the system that runs this", () => {
  for (let number = 1; number <= 31; number++) {
    const name = signalName(number);
    expect(name).not.toBeNull();
    if (name !== null) expect(signalNumber(name)).toBe(number);
  }
  for (const [name, number] of Object.entries(constants.signals)) {
    const ours = parseSignal(name);
    // SIGIOT and SIGPOLL are second names of SIGABRT and SIGIO, and have none of their own here.
    if (ours !== null) expect(signalNumber(ours)).toBe(number);
  }
});
