import { z } from "zod";
import { openDataFile } from "./data-file.ts";
import { BadRow, csvRows, ndjsonRows, type Row } from "./data-rows.ts";
import { type Attempt, type TaskContext, taskType } from "./task-type.ts";

/** The groups are held in memory: a field with more values than this, or longer ones, makes no groups. */
const MAX_GROUPS = 100_000;
const MAX_NAME_CHARACTERS = 256;

const payload = z
  .strictObject({
    rows: z.array(z.record(z.string(), z.unknown())).optional().describe("The rows themselves; this or `file`."),
    file: z
      .string()
      .regex(/\.(ndjson|csv)$/, "must end in .ndjson or .csv")
      .optional()
      .describe("A file below the worker's data folder; this or `rows`."),
    group_by: z.string().min(1).describe("The field whose values make the groups."),
    sum: z.string().min(1).describe("The field whose numbers are summed."),
  })
  .superRefine(({ rows, file }, context) => {
    if ((rows === undefined) === (file === undefined)) {
      context.addIssue({ code: "custom", path: ["rows"], message: "give exactly one of rows and file" });
    }
  });

/**
 * Sums one field per value of another, over given rows or a file.
 * Shape: `{"rows":[{"k":"a","v":1},{"k":"a","v":2}],"group_by":"k","sum":"v"}` → `{"groups":{"a":3},"rows":2}`.
 * Errors: `bad-row` names the row (of `rows`) or line (of a file); those of `openDataFile`.
 */
export const reportAggregate = taskType({
  name: "report.aggregate",
  description: "Sums one field per value of another, over given rows or an NDJSON or CSV file.",
  payload,
  timeLimitMs: 10 * 60_000,
  async handle({ rows, file, group_by, sum }, context) {
    const total = new Totals(group_by, sum);
    if (file !== undefined) return sumFile(file, total, context);
    for (const [at, fields] of (rows ?? []).entries()) {
      const problem = total.add(fields, typeof fields[sum] === "number" ? fields[sum] : Number.NaN);
      if (problem) return refuse(`row ${at + 1}: ${problem}`);
    }
    return total.attempt();
  },
});

/** How often it says how far it has come. Units: lines. */
const TELL_EVERY = 10_000;

async function sumFile(file: string, total: Totals, { folder, signal, progress }: TaskContext): Promise<Attempt> {
  const opened = await openDataFile({ folder, signal }, file);
  if (!opened.ok) return opened;
  const isCsv = file.endsWith(".csv");
  try {
    const rows: AsyncGenerator<Row> = isCsv ? csvRows(opened.file) : ndjsonRows(opened.file);
    for await (const { line, fields } of rows) {
      if (line % TELL_EVERY === 0) progress({ lines: line });
      const problem = total.add(fields, numberIn(fields[total.sumField], isCsv));
      if (problem) return refuse(`${file}: line ${line}: ${problem}`);
    }
    return total.attempt();
  } catch (error) {
    if (error instanceof BadRow) return refuse(`${file}: ${error.message}`);
    throw error;
  } finally {
    await opened.file.close();
  }
}

/** CSV knows only text; there a number is what JSON would write as one. */
function numberIn(value: unknown, isText: boolean): number {
  if (typeof value === "number") return value;
  const text = isText && typeof value === "string" ? value.trim() : "";
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

class Totals {
  readonly sumField: string;
  readonly #groupField: string;
  readonly #groups = new Map<string, number>();
  #rows = 0;

  constructor(groupField: string, sumField: string) {
    this.#groupField = groupField;
    this.sumField = sumField;
  }

  /** Answers what is wrong with the row, or null. */
  add(fields: Readonly<Record<string, unknown>>, value: number): string | null {
    const group = Object.hasOwn(fields, this.#groupField) ? fields[this.#groupField] : undefined;
    if (group === undefined) return `has no field ${this.#groupField}`;
    if (typeof group === "object") return `${this.#groupField} is not a text, number or boolean`;
    if (!Object.hasOwn(fields, this.sumField)) return `has no field ${this.sumField}`;
    if (!Number.isFinite(value)) return `${this.sumField} is not a number: ${shown(fields[this.sumField])}`;
    const name = String(group);
    if (name.length > MAX_NAME_CHARACTERS)
      return `${this.#groupField} is longer than ${MAX_NAME_CHARACTERS} characters`;
    if (this.#groups.size >= MAX_GROUPS && !this.#groups.has(name))
      return `is one group too many (${MAX_GROUPS} at most)`;
    this.#groups.set(name, (this.#groups.get(name) ?? 0) + value);
    this.#rows += 1;
    return null;
  }

  attempt(): Attempt {
    return { ok: true, result: { groups: Object.fromEntries(this.#groups), rows: this.#rows } };
  }
}

const shown = (value: unknown) => (JSON.stringify(value) ?? String(value)).slice(0, 60);

const refuse = (message: string): Attempt => ({ ok: false, error: { code: "bad-row", message }, retry: false });
