import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPipes } from "../supervisor/host/pipes.ts";
import { createReactor } from "../supervisor/host/reactor.ts";
import { createOutputs } from "../supervisor/output/outputs.ts";
import type { Unit } from "../supervisor/unit/unit.ts";
import { eventually } from "../test/support/eventually.ts";

/**
 * Lets a child write as fast as it can, once into the supervisor's pipes and files and once into `cat`, in turns, so that both
 * meet the same machine. Prints one JSON line. Shape: `bun bench/output-capture.ts MEGABYTES ROUNDS compress`.
 */
const [megabytes = 100, rounds = 5] = process.argv.slice(2, 4).map(Number);
const compress = process.argv[4] === "compress";

const LINE_BYTES = 61;
const BOUND_MS = 60_000;
const ID = "0123456789abcdef0123456789abcdef";
const lines = Math.floor((megabytes * 1e6) / LINE_BYTES / 2);
/** Shape: a digit, zeros, and the number: 60 digits, which seq counts at the speed of memory. */
const count = (stream: number) =>
  `seq ${stream}${"0".repeat(50)}100000001 ${stream}${"0".repeat(50)}${100_000_000 + lines}`;
const script = `${count(1)} & ${count(2)} >&2 & wait`;

type Round = Readonly<{ perSecond: number; cpuMs: number }>;

async function captured(directory: string): Promise<Round> {
  const reactor = createReactor();
  const outputs = createOutputs({ directory, pipes: createPipes(reactor) });
  const output = { maxSizeBytes: 10_000_000, maxAgeMs: Number.POSITIVE_INFINITY, maxFiles: 1000, timestamps: false };
  const ends = outputs.open({ name: "api", output: { ...output, compress } } as Unit, 1, ID);
  if (!ends.ok) throw new Error(ends.faults[0].message);
  const { stdout, stderr } = ends.value;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const child = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", stdout, stderr], timeout: BOUND_MS });
  outputs.started(ID, child.pid);
  await once(child, "exit");
  outputs.flush(ID);
  const round = { perSecond: rate(begun), cpuMs: spentMs(cpu) };
  outputs.close();
  reactor.close();
  return round;
}

async function copied(directory: string): Promise<Round> {
  const file = join(directory, "copy.log");
  const begun = performance.now();
  const child = spawn("/bin/sh", ["-c", `{ ${script}; } 2>&1 | cat > ${file}`], { stdio: "ignore", timeout: BOUND_MS });
  await once(child, "exit");
  return { perSecond: rate(begun), cpuMs: 0 };
}

const rate = (begunMs: number): number => (lines * 2 * LINE_BYTES) / 1e6 / ((performance.now() - begunMs) / 1000);

function spentMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

async function inDirectory(run: (directory: string) => Promise<Round>): Promise<Round> {
  const directory = await mkdtemp(join(tmpdir(), "supervisor-bench-"));
  try {
    return await run(directory);
  } finally {
    await eventually(() => removed(directory), BOUND_MS, `${directory} is removed`);
  }
}

/** A compression that was ended a moment ago may still make its file. */
async function removed(directory: string): Promise<boolean> {
  await rm(directory, { recursive: true, force: true }).catch(() => {});
  return !existsSync(directory);
}

const pairs: { captured: Round; copied: Round }[] = [];
for (let round = 0; round < rounds; round++) {
  pairs.push({ captured: await inDirectory(captured), copied: await inDirectory(copied) });
}
console.log(JSON.stringify({ megabytes: (lines * 2 * LINE_BYTES) / 1e6, pairs }));
