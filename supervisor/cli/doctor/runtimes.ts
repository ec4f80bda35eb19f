import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ownRuntime } from "../../host/own-program.ts";
import type { Unit } from "../../unit/unit.ts";
import { bad, type Finding, well } from "./finding.ts";

const LIMIT_MS = 10_000;
const names = ["bun", "deno", "node"] as const;

/** Looks which runtimes there are, and whether every unit finds the one it wants. The supervisor's own is the program that runs this, where that is a whole runtime. */
export function checkRuntimes(units: readonly Unit[], path: string): readonly Finding[] {
  const self = process.versions.bun === undefined ? "deno" : "bun";
  const own = ownRuntime === null ? [] : ([[self, `${self} ${process.versions[self]}`]] as const);
  const others = names.filter((name) => name !== own[0]?.[0]);
  const found = new Map([...own, ...others.flatMap((name) => versionOf(name, find(name, path)))]);
  const told = names.map((name) => found.get(name) ?? `no ${name}`).join(", ");
  const missing = units.flatMap(({ name, service: { exec } }) => {
    if (exec.tag !== "script" || exec.runtime === "auto" || found.has(exec.runtime)) return [];
    const fix = `install ${exec.runtime}, or choose another runtime in units/${name}.toml`;
    return [bad("runtimes", `unit ${name} wants ${exec.runtime}, which is not in PATH`, fix)];
  });
  return missing.length > 0 ? missing : [well("runtimes", `${told}; this is ${self} (${process.execPath})`)];
}

function versionOf(name: string, program: string | null): readonly (readonly [string, string])[] {
  if (program === null) return [];
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8", timeout: LIMIT_MS });
  const version = /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0];
  return status === 0 && version !== undefined ? [[name, `${name} ${version}`]] : [];
}

function find(name: string, path: string): string | null {
  return (
    path
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find(isProgram) ?? null
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // Missing and forbidden are the same to us: it cannot be run.
  }
}
