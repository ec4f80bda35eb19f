import { type Fault, faultLine } from "../supervisor/unit/fault.ts";

/** Renders faults for people, one line each. Why: services may know `config`, but nothing of `supervisor`. */
export function reportFaults(faults: readonly Fault[]): string {
  return faults.map(faultLine).join("\n");
}
