import type { Unit } from "./unit.ts";

/**
 * What a release may be called. It names a folder, and stands on command lines and in paths of a web address.
 * Shape: `20261122-013005-1a2b3c4`, `v1.4.2`.
 */
export const RELEASE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Where the releases of a state directory are. */
export const releasesIn = (stateDir: string): string => `${stateDir}/releases`;

/** What `%r` stands for in a unit that runs from a release; `null`: from the root itself. */
export function rootOf(release: string | null, place: Readonly<{ root: string; stateDir: string }>): string {
  return release === null ? place.root : `${releasesIn(place.stateDir)}/${release}/tree`;
}

/** The units of a release: those that have nothing from it keep their processes whatever is deployed. */
export function ofRelease(units: readonly Unit[], release: string | null): readonly Unit[] {
  return release === null ? units : units.map((unit) => (runsFromRoot(unit) ? { ...unit, release } : unit));
}

/**
 * Whether another tree below `%r` is another program to a unit: its script, its directory, an environment file or any word of its
 * commands lies there. Shape: with `working_directory = "%t"` and a program of the machine: false.
 * Why sockets and credentials do not count: they are the root's own, since a listener outlives every release, and a secret is in none.
 */
export function runsFromRoot({ service, probes }: Unit): boolean {
  const { exec, workingDirectory, environmentFiles, loadCredential: _, loadCredentialEncrypted: __, ...rest } = service;
  const isBelow = (path: string): boolean => !/^(?:\/|%t(?:\/|$))/.test(path);
  if (exec.tag === "script" && isBelow(exec.script)) return true;
  if (isBelow(workingDirectory) || environmentFiles.some(({ path }) => isBelow(path))) return true;
  const asked = Object.values(probes).map(({ ask }) => ask);
  return textsOf([exec, workingDirectory, environmentFiles, rest, asked]).some(namesRoot);
}

/** Shape: `%r/bin` → true, `100%%r` → false. */
const namesRoot = (text: string): boolean => /%r/i.test(text.replaceAll("%%", ""));

function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/**
 * A release as `GET /v1/releases` and `supervisor releases --json` tell it.
 * `proving`: it is current, and is taken back should it do badly. `unproven`: it never came so far.
 */
export type ReleaseStatus = Readonly<{
  id: string;
  state: "good" | "bad" | "proving" | "unproven";
  /** What a supervisor that starts loads. */
  current: boolean;
  /** Why it is bad. */
  reason: string | null;
  /** When it was made. RFC 3339. */
  at: string;
  by: string | null;
  commit: string | null;
  source: string;
  runtime: string;
  hash: string;
  config_hash: string;
  files: number;
  size_bytes: number;
  /** What of it was on disk in no earlier release when it was made. */
  added_bytes: number;
}>;
