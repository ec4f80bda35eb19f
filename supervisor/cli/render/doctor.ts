import type { Finding } from "../doctor/finding.ts";
import { type Paint, paint } from "./paint.ts";

const colours: Readonly<Record<Finding["result"], Paint>> = { OK: "green", WARN: "yellow", FAIL: "red" };

/** Renders findings as a line each, and below it what to do. Shape: `FAIL port api/http  *:80 is in use …\n     fix: …`. */
export function renderFindings(findings: readonly Finding[], colour: boolean): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .map(({ result, check, detail, fix }) => {
      const line = `${paint(result.padEnd(4), colours[result], colour)} ${check.padEnd(width)}  ${detail}\n`;
      return fix === null ? line : `${line}${" ".repeat(5)}fix: ${fix}\n`;
    })
    .join("");
}
