import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { within } from "../support/within.ts";

export type RuntimeName = "bun" | "deno";
export const runtimes: readonly RuntimeName[] = ["bun", "deno"];

const binary = (name: RuntimeName) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

export type ProgramOrder = Readonly<{
  runtime: RuntimeName;
  /** The script, then its arguments. */
  script: readonly [string, ...string[]];
  cwd?: string;
  environment?: Readonly<Record<string, string>>;
  /** Listeners that it is lent, as the supervisor does: from descriptor 3 on, by these names. */
  lent?: Readonly<Record<string, number>>;
}>;

/** A script that runs on one of the runtimes, and what it has printed so far. */
export class Program {
  readonly child: ChildProcess;
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #waiting = new Set<() => void>();
  stdout = "";
  stderr = "";

  constructor({ runtime, script, cwd, environment, lent = {} }: ProgramOrder) {
    const flags =
      runtime === "deno"
        ? ["run", "--no-prompt", "--allow-all", "--quiet", "--node-modules-dir=manual"]
        : ["--no-install"];
    const names = Object.keys(lent);
    const listen = names.length > 0 && { LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(":") };
    const env = { ...inherited(), ...listen, ...environment };
    const own = ["-c", `LISTEN_PID=$$ exec "$0" "$@"`, binary(runtime)];
    const [program, before] = listen ? ["/bin/sh", own] : [binary(runtime), []];
    const stdio = ["ignore", "pipe", "pipe", ...Object.values(lent)] as const;
    this.child = spawn(program, [...before, ...flags, ...script], { cwd, env, stdio: [...stdio] });
    this.child.stdout?.on("data", (chunk) => this.#heard(() => (this.stdout += chunk)));
    this.child.stderr?.on("data", (chunk) => this.#heard(() => (this.stderr += chunk)));
    this.exited = once(this.child, "close").then(([code, signal]) => code ?? signal);
  }

  /** Waits until the output matches. Errors: throws after `boundMs`, or when the program ends without a match, with all it printed. */
  async prints(pattern: RegExp, boundMs = 20_000): Promise<RegExpExecArray> {
    const match = () => pattern.exec(this.stdout);
    const ended = this.exited.then(() => "ended" as const);
    for (let found = match(); ; found = match()) {
      if (found) return found;
      const more = new Promise<void>((resolve) => this.#waiting.add(resolve));
      const next = await within(Promise.race([more, ended]), boundMs, `${pattern} in ${this.stdout}${this.stderr}`);
      const last = match();
      if (next === "ended" && !last) throw new Error(`ended without ${pattern}: ${this.stdout}${this.stderr}`);
    }
  }

  /** Sends a signal and waits for the end. Errors: throws, and kills, when it takes longer than `boundMs`. */
  async end(signal: NodeJS.Signals, boundMs = 20_000): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    try {
      return await within(this.exited, boundMs, `the end after ${signal}: ${this.stdout}${this.stderr}`);
    } finally {
      this.child.kill("SIGKILL");
    }
  }

  #heard(take: () => void): void {
    take();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const tell of waiting) tell();
  }
}

/** Runs a script to its end. Errors: throws when that takes longer than a minute. */
export async function runScript(
  order: ProgramOrder,
): Promise<Readonly<{ code: unknown; stdout: string; stderr: string }>> {
  const program = new Program(order);
  try {
    const code = await within(program.exited, 60_000, "the end of the script");
    return { code, stdout: program.stdout, stderr: program.stderr };
  } finally {
    program.child.kill("SIGKILL");
  }
}

/** The test's own environment, less what would configure the program under test. */
function inherited(): NodeJS.ProcessEnv {
  const { QUEUE_URL, HOST, PORT, LOG_LEVEL, SUPERVISOR_ENV, WORKER_CONCURRENCY, ...rest } = process.env;
  const others = Object.entries(rest).filter(([name]) => !name.startsWith("OTEL_"));
  return { ...Object.fromEntries(others), NO_COLOR: "1" };
}
