import { parseSignal } from "../signal.ts";
import { parseSize } from "../size.ts";
import { parseSpan } from "../span.ts";
import { templateProblem } from "../specifier.ts";
import type { Argv, ExitStatusSet, SignalName } from "../unit.ts";
import { type Kind, kinds } from "./kind.ts";
import { shown } from "./shown.ts";
import { z } from "./zod.ts";

/** Says no in a custom reader: the value is not what the key takes. */
type Read<T> = (raw: unknown) => T | null;

/** Makes a schema of a reader. `expected` completes the sentence "must be …"; `type` is for editors. */
function reader<T>(kind: Kind, expected: string, type: JsonType, read: Read<T>) {
  const schema = z.unknown().transform((raw, context): T => {
    const value = read(raw);
    if (value !== null) return value;
    context.issues.push({ code: "custom", message: `must be ${expected}, got ${shown(raw)}`, input: raw });
    return z.NEVER;
  });
  return schema.meta({ type }).register(kinds, { kind });
}

/** What TOML may give, in the words of JSON Schema. */
type JsonType = "string" | readonly ("string" | "number" | "integer" | "boolean")[];

const textOrNumber = ["string", "number"] as const;

const text = z.string().refine((value) => !value.includes("\0"), { error: "must not hold a zero byte" });

const template = text
  .check((context) => {
    const problem = templateProblem(context.value);
    if (problem !== null) context.issues.push({ code: "custom", message: problem, input: context.value });
  })
  .register(kinds, { kind: "template" });

const argv = z
  .array(template)
  .refine((words) => !["", "-"].includes(words[0] ?? ""), { error: "must begin with the program's name" })
  .transform((words) => words as unknown as Argv)
  .register(kinds, { kind: "command" });

const isTextOrNumber = (raw: unknown): raw is string | number => typeof raw === "string" || typeof raw === "number";

const octal = reader("octal", 'an octal string such as "0660"', "string", (raw) =>
  typeof raw === "string" && /^0?[0-7]{3}$/.test(raw) ? Number.parseInt(raw, 8) : null,
);

const signal = reader<SignalName>("signal", 'a signal such as "SIGTERM"', textOrNumber, (raw) =>
  isTextOrNumber(raw) ? parseSignal(raw) : null,
);

const exitStatus = z
  .array(reader("status", "an exit code from 0 to 255 or a signal's name", ["integer", "string"], readExitStatus))
  .transform(
    (found): ExitStatusSet => ({
      codes: found.filter((one) => typeof one === "number"),
      signals: found.filter((one) => typeof one === "string"),
    }),
  );

function readExitStatus(raw: unknown): number | SignalName | null {
  if (typeof raw === "number") return Number.isInteger(raw) && raw >= 0 && raw <= 255 ? raw : null;
  return typeof raw === "string" && !/^\d/.test(raw) ? parseSignal(raw) : null;
}

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
  error: "is no variable's name: letters, digits and underscores, not beginning with a digit",
});

const credentialName = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/, {
  error: "is no credential's name: letters, digits and any of _.-, not beginning with a dot",
});

/** The kinds of values that keys take. Each reads the file's raw value and gives the unit's. */
export const value = {
  text,
  template,
  argv,
  argvs: z.array(argv),
  octal,
  signal,
  exitStatus,
  names: z.array(z.string().min(1)),
  /** Milliseconds. */
  span: reader("span", 'a time span such as "1min 30s", or a number of seconds', textOrNumber, (raw) =>
    isTextOrNumber(raw) ? parseSpan(raw) : null,
  ),
  /** Milliseconds, where systemd reads 0 as "no limit". Source: systemd.service(5), TimeoutStartSec=. */
  limitSpan: reader("span", 'a time span such as "1min 30s", or a number of seconds', textOrNumber, (raw) => {
    const ms = isTextOrNumber(raw) ? parseSpan(raw) : null;
    return ms === 0 ? Infinity : ms;
  }),
  /** Bytes. */
  size: reader("size", 'a size such as "64M", or a number of bytes', textOrNumber, (raw) =>
    isTextOrNumber(raw) ? parseSize(raw) : null,
  ),
  /** A count or a size, as a limit takes them. */
  limit: reader("limit", 'a number, a size such as "64M", or "infinity"', textOrNumber, (raw) =>
    isTextOrNumber(raw) ? parseSize(raw) : null,
  ),
  count: reader("count", 'a number from 1, or "infinity"', ["integer", "string"], (raw) =>
    raw === "infinity" ? Infinity : Number.isSafeInteger(raw) && Number(raw) >= 1 ? Number(raw) : null,
  ),
  percent: reader("percentage", 'a percentage such as "150%", or "infinity"', "string", readPercent),
  url: template.refine((url) => /^https?:\/\/[^\s/]+(\/\S*)?$/.test(url), {
    error: 'must be a URL such as "http://127.0.0.1:8080/readyz"',
  }),
  environment: z.record(
    variableName,
    reader("template", "a string", ["string", "number", "boolean"], (raw) =>
      isTextOrNumber(raw) || typeof raw === "boolean" ? String(raw) : null,
    ).pipe(template),
  ),
  credentials: z.record(credentialName, template),
};

function readPercent(raw: unknown): number | null {
  if (raw === "infinity") return Infinity;
  const [, amount] = /^(\d+(?:\.\d+)?)%$/.exec(String(raw)) ?? [];
  return amount !== undefined && Number(amount) > 0 ? Number(amount) : null;
}
