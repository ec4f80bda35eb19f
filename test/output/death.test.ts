import { expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createPipes } from "../../supervisor/host/pipes.ts";
import { createReactor } from "../../supervisor/host/reactor.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { within } from "../support/within.ts";
import { inDirectory } from "./fixtures/case.ts";
import type { KeeperOrder } from "./fixtures/keeper.ts";
import { linesOf } from "./fixtures/lines-of.ts";
import { numbered } from "./fixtures/numbered.ts";

const root = new URL("../..", import.meta.url).pathname;
const fixture = (name: string): string => join(root, "test/output/fixtures", name);
const COMMANDS = {
  bun: [`${root}node_modules/.bin/bun`],
  deno: [`${root}node_modules/.bin/deno`, "run", "--allow-all", "--no-prompt", "--quiet"],
} as const;

const LIMIT_MS = 60_000;
const ID = "0123456789abcdef0123456789abcdef";
const HOWS = ["before", "torn", "after"] as const;

type Ends = Readonly<{ stdout: number; stderr: number }>;
type Told = Readonly<{
  runtime: keyof typeof COMMANDS;
  deaths: number;
  output: Partial<Unit["output"]>;
  hasHuge: boolean;
}>;

/** One that is ready to take over; `go` lets it. */
class Keeper {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;

  constructor(runtime: Told["runtime"], order: KeeperOrder, reads: Ends) {
    const [program, ...flags] = COMMANDS[runtime];
    const stdio = ["pipe", "pipe", "inherit", reads.stdout, reads.stderr] as const;
    const args = [...flags, fixture("keeper.ts"), JSON.stringify(order)];
    this.#child = spawn(program, args, { stdio: [...stdio], timeout: LIMIT_MS, killSignal: "SIGKILL" });
    this.#gone = once(this.#child, "exit");
  }

  /** Settles when it has adopted, or died of its doom. */
  async go(): Promise<void> {
    const adopted = once(this.#child.stdout ?? this.#child, "data");
    this.#child.stdin?.write("go\n");
    await within(Promise.race([adopted, this.#gone]), LIMIT_MS, "it adopts");
  }

  /** Gives it some time of its life, unless it is dead by then. */
  async kill(afterMs: number): Promise<void> {
    await Promise.race([this.#gone, new Promise((resolve) => setTimeout(resolve, afterMs))]);
    this.#child.kill("SIGKILL");
    await within(this.#gone, LIMIT_MS, "it is dead");
  }

  async end(): Promise<void> {
    this.#child.stdin?.write("end\n");
    await within(this.#gone, LIMIT_MS, "it ends");
    expect(this.#child.exitCode).toBe(0);
  }
}

/** Lets a child print while one keeper after the other is killed, and gives what is kept then, and what was printed. */
async function overDeaths(directory: string, { runtime, deaths, output, hasHuge }: Told) {
  const reactor = createReactor();
  const pipes = createPipes(reactor);
  const [out, err] = [pipes.open(), pipes.open()];
  const reads = { stdout: out.read, stderr: err.read };
  const logs = join(directory, "logs");
  const doomOf = (death: number): KeeperOrder["doom"] =>
    death % 3 === 0 || death === deaths ? null : { write: 1 + (death % 7), how: HOWS[death % 4] ?? "after" };
  const keeper = (death: number): Keeper =>
    new Keeper(runtime, { directory: logs, invocation: ID, output, doom: doomOf(death) }, reads);
  const [stop, totals] = [join(directory, "stop"), join(directory, "totals")];
  const args = [fixture("chatter.ts"), stop, totals, hasHuge ? "huge" : ""];
  const child = spawn(COMMANDS.bun[0], args, { stdio: ["ignore", out.write, err.write], timeout: LIMIT_MS });
  const ended = once(child, "exit");
  for (const { write } of [out, err]) pipes.close(write);
  let current = keeper(0);
  for (let death = 0; death < deaths; death++) {
    await current.go();
    const next = keeper(death + 1);
    await current.kill((death * 37) % 50);
    current = next;
  }
  writeFileSync(stop, "");
  await current.go();
  await within(ended, LIMIT_MS, "the child ends");
  await current.end();
  for (const { read } of [out, err]) pipes.close(read);
  reactor.close();
  expect(existsSync(totals)).toBe(true);
  const printed: { o: number; e: number } = JSON.parse(await readFile(totals, "utf8"));
  return { printed, path: join(logs, "api.log") };
}

/** Names the first line that is not the one that was printed there; null: all are there, each once, in their order. */
function firstWrong(
  lines: readonly string[],
  printed: Readonly<{ o: number; e: number }>,
  hasHuge: boolean,
): string | null {
  const seen = { o: 0, e: 0 };
  for (const line of lines) {
    const stream = line.startsWith("e") ? "e" : "o";
    if (line === "o-end without a line end") continue;
    const expected = numbered(stream, ++seen[stream], hasHuge);
    if (line !== expected)
      return `${line.slice(0, 40)} (${line.length}), not ${expected.slice(0, 40)} (${expected.length})`;
  }
  return seen.o === printed.o && seen.e === printed.e ? null : JSON.stringify({ seen, printed });
}

const output = { maxSizeBytes: 3_000_000, compress: false, timestamps: false };
const TOLD: readonly Told[] = [
  { runtime: "bun", deaths: 30, output, hasHuge: false },
  { runtime: "deno", deaths: 12, output, hasHuge: false },
  { runtime: "bun", deaths: 16, output: { ...output, timestamps: true }, hasHuge: true },
];

for (const told of TOLD) {
  const { runtime, deaths } = told;
  const kind = told.hasHuge ? "stamped lines, some of 150 KB, are" : "every line is";
  test(
    `on ${runtime} ${kind} kept once and in order over ${deaths} deaths of whoever keeps them`,
    () =>
      inDirectory(async (directory) => {
        const { path, printed } = await overDeaths(directory, told);
        const lines: string[] = [];
        for await (const line of linesOf(path)) lines.push(told.output.timestamps ? line.slice(25) : line);
        expect(firstWrong(lines, printed, told.hasHuge)).toBeNull();
        expect(lines.filter((line) => line === "o-end without a line end")).toHaveLength(1);
        expect(printed.o + printed.e).toBeGreaterThan(1000);
      }),
    LIMIT_MS,
  );
}
