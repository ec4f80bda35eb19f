import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { within } from "../../test/support/within.ts";

/** Hears at once, without a look at the whole machine, which program is there: each writes its pid into a named pipe. */
export interface RollCall {
  /** A shell line that answers with the shell's own pid. */
  readonly report: string;
  /** Until so many have answered since the roll call was opened. Units: `performance.now()` at the last of them. */
  count(wanted: number, boundMs: number): Promise<number>;
  /** The pid of the one who answered as the `nth`, from 1. */
  pid(nth: number): number;
  close(): void;
}

export async function openRollCall(folder: string): Promise<RollCall> {
  const pipe = join(folder, "roll-call");
  execFileSync("mkfifo", [pipe]);
  // Reading and writing: so it is open before anybody writes, and does not end when nobody does.
  const reader = spawn("sh", ["-c", 'echo; exec cat 0<>"$1"', "sh", pipe], { stdio: ["ignore", "pipe", "inherit"] });
  const answers: { pid: number; atMs: number }[] = [];
  const waiting = new Set<() => void>();
  let rest = "";
  const opened = new Promise<void>((resolve) => reader.stdout.once("data", () => resolve()));
  await within(opened, 10_000, "the roll call is open");
  reader.stdout.setEncoding("latin1").on("data", (text: string) => {
    const atMs = performance.now();
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    answers.push(...lines.map((line) => ({ pid: Number(line), atMs })));
    for (const look of waiting) look();
  });
  return {
    report: `echo $$ > ${pipe}`,
    count(wanted, boundMs) {
      const reached = new Promise<number>((resolve) => {
        const look = () => {
          const last = answers[wanted - 1];
          if (!last) return;
          waiting.delete(look);
          resolve(last.atMs);
        };
        waiting.add(look);
        look();
      });
      return within(reached, boundMs, `${wanted} programs are there`);
    },
    pid: (nth) => answers[nth - 1]?.pid ?? 0,
    close: () => void reader.kill("SIGKILL"),
  };
}
