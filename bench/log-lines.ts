import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { costOf } from "./processes.ts";
import { present } from "./rivals/all.ts";
import { cat } from "./rivals/cat.ts";
import type { Contender } from "./rivals/contender.ts";
import { withKept } from "./rivals/kept.ts";
import { arrived, LINE_BYTES, printers } from "./rivals/printers.ts";

/**
 * How fast a program may print lines of 100 bytes where somebody keeps them in files of 10 MB: one line for each write, and in
 * blocks. From the program's first line to the last byte in a file; `lines lost` are in no file once nothing more comes.
 */
export const name = "log-lines";
export const flags = { megabytes: 400, rounds: 3 };

const BOUND_MS = 120_000;
const manners = [
  { manner: "a line a write", linesAtOnce: 1 },
  { manner: "in blocks", linesAtOnce: 600 },
] as const;

type Round = Readonly<{ perSecond: number; cpuPerGb: number; lost: number }>;

export async function run({ megabytes, rounds }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { manner, linesAtOnce } of manners) {
    for (const contender of [cat, ...present().filter(keepsOutput)]) {
      const taken: Round[] = [];
      for (let round = 0; round < rounds; round++) taken.push(await measure(contender, megabytes, linesAtOnce));
      const rates = taken.map(({ perSecond }) => perSecond);
      rows.push([
        contender.name,
        manner,
        ...[median(rates), Math.min(...rates), Math.max(...rates)].map(Math.round),
        median(taken.map(({ cpuPerGb }) => cpuPerGb)),
        taken.reduce((sum, { lost }) => sum + lost, 0),
      ]);
    }
  }
  return { columns: ["keeper", "printed", "MB/s", "least", "most", "CPU s/GB", "lines lost"], rows };
}

const keepsOutput = ({ name }: Contender) => name.startsWith("supervisor") || name === "pm2";

async function measure(contender: Contender, megabytes: number, linesAtOnce: number): Promise<Round> {
  const wanted = Math.floor((megabytes * 1e6) / LINE_BYTES / linesAtOnce) * linesAtOnce * LINE_BYTES;
  let round: Round | undefined;
  await withKept(contender, printers(1, wanted, linesAtOnce), async ({ folder, order, rollCall, keepers }) => {
    const startedAtMs = await rollCall.count(1, BOUND_MS);
    const before = costOf(keepers());
    const { bytes, atMs } = await arrived(folder, order, wanted, BOUND_MS);
    const runMs = costOf(keepers()).runMs - before.runMs;
    round = {
      perSecond: bytes / 1e6 / ((atMs - startedAtMs) / 1000),
      cpuPerGb: runMs / 1e3 / (bytes / 1e9),
      lost: Math.round((wanted - bytes) / LINE_BYTES),
    };
  });
  if (!round) throw new Error(`${contender.name} was not measured`);
  return round;
}
