import type { Fault, Outcome } from "../../supervisor/unit/fault.ts";
import { parseUnit } from "../../supervisor/unit/parse.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";

/** Reads a unit that has to be valid. */
export function unit(name: string, text: string): Unit {
  const read = parseUnit(name, `units/${name}.toml`, text);
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return read.value;
}

/** Reads a unit that needs nothing but its graph. Shape: `node("api", 'requires = ["redis"]')`. */
export function node(name: string, keys = ""): Unit {
  return unit(name, `[unit]\n${keys}\n[service]\nscript = "${name}.ts"\n`);
}

/** The faults of an outcome that has to be one. */
export function faultsOf<T>(outcome: Outcome<T>): readonly Fault[] {
  if (outcome.ok) throw new Error(`no fault, but ${JSON.stringify(outcome.value)}`);
  return outcome.faults;
}
