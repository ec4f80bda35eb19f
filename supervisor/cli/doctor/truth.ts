import type { Client } from "../../control/client.ts";
import type { Status } from "../../unit/status.ts";
import { type Finding, warn, well } from "./finding.ts";

const check = "listeners";

/** Asks of each unit that listens, one after the other, who really serves it, and of every unit what else is not as it seems. */
export async function checkTruth(client: Client, status: Status | null): Promise<readonly Finding[]> {
  const units = (status?.units ?? []).filter((unit) => unit.listeners.length > 0 || unit.warnings.length > 0);
  const findings: Finding[] = [];
  for (const { name } of units) {
    const reply = await client.unit(name);
    const warnings = reply.tag === "ok" ? reply.value.warnings : [];
    const fix = `look at its processes: supervisor status ${name}; if it should serve, supervisor restart ${name}`;
    findings.push(...warnings.map((warning) => warn(`unit ${name}`, warning, fix)));
  }
  if (findings.length > 0 || units.length === 0) return findings;
  return [well(check, `nobody but ${units.length === 1 ? "its unit" : "their units"} serves them`)];
}
