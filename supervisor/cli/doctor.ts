import { socketsToBind } from "../unit/listen.ts";
import type { Context } from "./context.ts";
import { checkCgroup } from "./doctor/cgroup.ts";
import { checkConfigSource } from "./doctor/config-source.ts";
import { checkControl } from "./doctor/control.ts";
import { checkCredentials } from "./doctor/credentials.ts";
import type { Finding } from "./doctor/finding.ts";
import { checkKernel, checkLibc } from "./doctor/kernel.ts";
import { checkLimits } from "./doctor/limits.ts";
import { checkPorts } from "./doctor/ports.ts";
import { checkRuntimes } from "./doctor/runtimes.ts";
import { checkStateDirectory } from "./doctor/state-directory.ts";
import { checkClock, checkManager } from "./doctor/surroundings.ts";
import { checkTruth } from "./doctor/truth.ts";
import { checkUnits } from "./doctor/units.ts";
import { exit } from "./exit.ts";
import { renderFindings } from "./render/doctor.ts";

/** Looks at everything that the supervisor needs, with or without one that runs. Failed when a check did; -q leaves out what is well. */
export async function run(context: Context): Promise<number> {
  const { root, stateDir, json, quiet, colour, out } = context;
  const read = await checkUnits(root);
  const asked = await checkControl(context.client());
  const { units } = read;
  const { status } = asked;
  const findings: readonly Finding[] = [
    ...checkRuntimes(units, process.env.PATH ?? ""),
    ...checkStateDirectory(stateDir),
    asked.finding,
    read.finding,
    ...(await checkPorts(units, status, (unit) => socketsToBind(unit, { root, stateDir, environ: process.env }))),
    ...(await checkTruth(context.client(), status)),
    ...(await checkCredentials(units, context)),
    ...checkConfigSource(status),
    checkLimits(units, status),
    checkCgroup(),
    checkKernel(),
    checkLibc(),
    checkClock(context.now(), status),
    checkManager(),
  ];
  const shown = quiet ? findings.filter(({ result }) => result !== "OK") : findings;
  if (json) out(`${JSON.stringify({ checks: findings }, null, 2)}\n`);
  else if (shown.length > 0) out(renderFindings(shown, colour));
  return findings.some(({ result }) => result === "FAIL") ? exit.failed : exit.done;
}
