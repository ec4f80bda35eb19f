import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Step } from "./plan.ts";

/** What a step came to; null when it went well. */
export type Failure = Readonly<{ message: string; isLate: boolean }>;

/** Says a step as a person would do it. Shape: "systemctl daemon-reload", "write /etc/systemd/system/supervisor.service". */
export function stepLine(step: Step): string {
  return step.tag === "run" ? step.argv.join(" ") : `${step.tag} ${step.path}`;
}

/** Does one step. Units: `limitMs` for a command. */
export function perform(step: Step, limitMs: number): Failure | null {
  if (step.tag === "write") {
    mkdirSync(dirname(step.path), { recursive: true });
    writeFileSync(step.path, step.text);
    return null;
  }
  if (step.tag === "remove") {
    rmSync(step.path, { force: true });
    return null;
  }
  const [program, ...args] = step.argv;
  const { status, error, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: limitMs });
  if (error === undefined && status === 0) return null;
  const isLate = (error as NodeJS.ErrnoException | undefined)?.code === "ETIMEDOUT";
  const why = isLate ? `not within ${limitMs / 1000} s` : (error?.message ?? `exit code ${status}`);
  const said = (stderr ?? "").trim();
  return { message: `${stepLine(step)}: ${why}${said === "" ? "" : `: ${said}`}`, isLate };
}

/** What a command says on stdout, in one line; for questions whose exit code is an answer too. */
export function ask(step: Extract<Step, { tag: "run" }>): string {
  const [program, ...args] = step.argv;
  const { stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 10_000 });
  return (stdout ?? "").trim().split("\n")[0] ?? "";
}
