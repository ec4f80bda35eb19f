import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure } from "./figure.ts";

/** What serving on a handed-over listener costs in steady state; `kit-throughput.ts` measures it, in a process of its own. */
export const name = "throughput";

const SCRIPT = fileURLToPath(new URL("./kit-throughput.ts", import.meta.url));
const BOUND_MS = 300_000;

const PAIRS = 15;

/** A rate that was not measured is NaN, which JSON turns into null. */
type Measured = Readonly<{ rows: readonly Readonly<Record<string, string | number | null>>[] }>;

export async function run(): Promise<Figure> {
  const args = ["--no-install", SCRIPT, "--json", "--pairs", String(PAIRS)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: BOUND_MS });
  const { rows } = JSON.parse(stdout) as Measured;
  return { columns: Object.keys(rows[0] ?? {}), rows: rows.map((row) => Object.values(row).map(measured)) };
}

function measured(cell: string | number | null): string | number {
  if (cell === null) throw new Error("kit-throughput left a figure unmeasured");
  return cell;
}
