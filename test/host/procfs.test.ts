import { expect, test } from "bun:test";
import { parseStat } from "../../supervisor/host/procfs.ts";

const numbers = Array.from({ length: 50 }, (_, i) => i + 4).join(" ");

test("a command name with spaces and parentheses does not shift the fields", () => {
  for (const comm of ["node", "a b", "a) R (b", ")", "("]) {
    expect(parseStat(`7 (${comm}) S ${numbers}`)).toEqual({
      comm,
      state: "S",
      ppid: 4,
      session: 6,
      threads: 20,
      cpuTicks: 14 + 15,
      startTicks: 22,
      residentPages: 24,
      exitStatus: 52,
    });
  }
});
