import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import { launch, launcher } from "../../host/own-program.ts";
import { type Fault, fail, type Outcome, ok } from "../../unit/fault.ts";

/** How long a configuration file may run. */
export const RUN_LIMIT_MS = 10_000;

const OUTPUT_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Runs a configuration file in a process of its own and gives what it exports.
 * Errors: unit-invalid when it throws, exports nothing, takes longer than the limit or says more than 4 MiB; whoever it has started is ended then.
 */
export async function runProgram(file: string, shown: string, limitMs = RUN_LIMIT_MS): Promise<Outcome<unknown>> {
  const mark = randomUUID();
  const ran = await runToEnd(["__read-program", file, mark], limitMs);
  const at = ran.stdout.lastIndexOf(`\n${mark}`);
  if (ran.trouble === null && at !== -1) return ok(JSON.parse(ran.stdout.slice(at + 1 + mark.length)));
  const [line = ""] = ran.stderr.trim().split("\n");
  const message = ran.trouble ?? `it could not be run: ${line === "" ? `exit code ${ran.code}` : line}`;
  return fail({ code: "unit-invalid", message, retry: "never", at: { file: shown } } satisfies Fault);
}

/** The launcher knows a runtime by its name, or by a path that ends in it. */
function ownRuntime(): string {
  const self = process.versions.bun === undefined ? "deno" : "bun";
  return basename(process.execPath) === self ? process.execPath : self;
}

type Ran = Readonly<{ code: number | null; stdout: string; stderr: string; trouble: string | null }>;

/** In a process group of its own, so that what the file starts ends with it. */
function runToEnd(args: readonly string[], limitMs: number): Promise<Ran> {
  const env = { ...process.env, SUPERVISOR_RUNTIME: ownRuntime() };
  const [program, ...script] = launch(launcher);
  const child = spawn(program, [...script, ...args], {
    cwd: "/",
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  let trouble: string | null = null;
  const end = (why: string): void => {
    trouble ??= why;
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself in the meantime.
    }
  };
  const timer = setTimeout(() => end(`it ran for longer than ${limitMs / 1000} s`), limitMs);
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      said[stream] += text;
      if (said[stream].length > OUTPUT_LIMIT_BYTES) end("it said more than 4 MiB");
    });
  }
  return new Promise((resolve) => {
    const done = (code: number | null): void => {
      clearTimeout(timer);
      resolve({ code, ...said, trouble });
    };
    child.once("error", (error) => {
      trouble ??= error.message;
      done(null);
    });
    child.once("close", done);
  });
}
