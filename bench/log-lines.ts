import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { present } from "./rivals/all.ts";
import { cat } from "./rivals/cat.ts";
import type { Contender } from "./rivals/contender.ts";
import { type Printed, print } from "./rivals/printers.ts";

/**
 * How fast a program may print lines of 100 bytes where somebody keeps them in files of 10 MB: one line for each write, and in
 * blocks. From the program's first line to the last byte in a file; `lines lost` are in no file once nothing more comes.
 */
export const name = "log-lines";
export const flags = { megabytes: 400, rounds: 3 };

const manners = [
  { manner: "a line a write", linesAtOnce: 1 },
  { manner: "in blocks", linesAtOnce: 600 },
] as const;

export async function run({ megabytes, rounds }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const { manner, linesAtOnce } of manners) {
    for (const contender of [cat, ...present().filter(keepsOutput)]) {
      const taken: Printed[] = [];
      for (let round = 0; round < rounds; round++)
        taken.push(await print(contender, { units: 1, megabytes, linesAtOnce }));
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
