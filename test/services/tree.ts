import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { Program, type RuntimeName } from "./program.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** What the services are made of. */
const PARTS = ["services", "config", "supervisor/unit", "package.json", "deno.json"];

const LIMIT_MS = 20_000;

/** A copy of the services' files, to be changed at will. */
export class Tree {
  readonly folder = mkdtempSync(join(tmpdir(), "services-"));
  readonly #first = new Map<string, string>();

  constructor() {
    for (const part of PARTS) cpSync(join(project, part), join(this.folder, part), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(this.folder, "node_modules"));
  }

  /** Starts what is in the tree, on a port of its own, with its queue in memory. */
  run(runtime: RuntimeName, mode: string, ...flags: readonly string[]): Program {
    const sets = ["api.port=0", "queue.url=memory:"].flatMap((setting) => ["--set", setting]);
    const script = [join(this.folder, "services/main.ts"), "run", mode, ...sets, ...flags] as const;
    return new Program({ runtime, script, cwd: this.folder });
  }

  /** Errors: throws when there is nothing to be changed. */
  change(file: string, from: string | RegExp, to: string): void {
    const before = this.#note(file);
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${file} does not hold ${from}`);
    writeFileSync(join(this.folder, file), after);
  }

  write(file: string, text: string): void {
    this.#note(file);
    writeFileSync(join(this.folder, file), text);
  }

  remove(file: string): void {
    this.#note(file);
    rmSync(join(this.folder, file));
  }

  /** From now on, a restored file is as it is now. */
  keep(): void {
    this.#first.clear();
  }

  /** Writes all that was changed as it was at first; what is new becomes empty. */
  restore(): void {
    for (const [file, text] of this.#first) writeFileSync(join(this.folder, file), text);
    this.#first.clear();
  }

  #note(file: string): string {
    const path = join(this.folder, file);
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    if (!this.#first.has(file)) this.#first.set(file, text);
    return text;
  }

  away(): void {
    rmSync(this.folder, { recursive: true });
  }
}

type Line = Readonly<{
  event: string;
  module?: string;
  stage?: string;
  files?: readonly string[];
  err?: Readonly<{ message: string }>;
}>;

/** Waits for a line of the log from now on: of this event, and of this module if one is given. */
export function hear(program: Program): (event: string, module?: string) => Promise<Line> {
  const mark = program.stdout.length;
  const lines = (): readonly Line[] => {
    const whole = program.stdout.slice(mark).split("\n").slice(0, -1);
    return whole.map((line) => JSON.parse(line) as Line);
  };
  return (event, module) => {
    const found = () => lines().find((line) => line.event === event && (module ?? line.module) === line.module);
    return eventually(found, LIMIT_MS, `${event} ${module ?? ""}`, () => program.stdout.slice(mark) + program.stderr);
  };
}
