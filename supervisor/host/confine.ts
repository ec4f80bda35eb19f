import { writeFileSync } from "node:fs";
import type { Privileges } from "../unit/privileges.ts";
import { bytes, errno, libc } from "./libc.ts";
import { type Refusal, refusal } from "./program.ts";

const PRIO_PROCESS = 0;
const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** The numbers that Linux gives its limits, by the name after `limit_`. Source: asm-generic/resource.h. */
const RESOURCES: Readonly<Record<string, number>> = {
  ...{ cpu: 0, fsize: 1, data: 2, stack: 3, core: 4, rss: 5, nproc: 6, nofile: 7 },
  ...{ memlock: 8, as: 9, locks: 10, sigpending: 11, msgqueue: 12, nice: 13, rtprio: 14, rttime: 15 },
};

/**
 * Gives a process its limits, both the soft and the hard one, its nice value and its place before the out-of-memory killer.
 * Errors: the first that the kernel refuses. Why from outside: no shell knows all of them, and a refusal can be told.
 */
export function confine(pid: number, { limits, nice, oomScoreAdjust }: Privileges): Refusal | null {
  for (const [name, value] of Object.entries(limits)) {
    const refused = setLimit(pid, name, value);
    if (refused) return refused;
  }
  if (nice !== null && libc.setpriority(PRIO_PROCESS, pid, nice) < 0) return refusal(`nice = ${nice}`, errno());
  return oomScoreAdjust === null ? null : adjustOomScore(pid, oomScoreAdjust);
}

function setLimit(pid: number, name: string, value: number): Refusal | null {
  const resource = RESOURCES[name];
  if (resource === undefined) throw new Error(`there is no limit_${name}`);
  const wanted = value === Number.POSITIVE_INFINITY ? UNLIMITED : BigInt(value);
  const pair = bytes(16);
  new BigUint64Array(pair.buffer).fill(wanted);
  if (libc.prlimit(pid, resource, pair, null) === 0) return null;
  const code = errno();
  libc.prlimit(pid, resource, null, pair);
  const hard = new BigUint64Array(pair.buffer)[1] ?? UNLIMITED;
  const why = wanted > hard ? ` is above the hard limit of ${hard}` : "";
  return refusal(`limit_${name} = ${wanted === UNLIMITED ? "infinity" : wanted}${why}`, code);
}

function adjustOomScore(pid: number, score: number): Refusal | null {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(score));
    return null;
  } catch (error) {
    return refusal(`oom_score_adjust = ${score}`, Math.abs((error as NodeJS.ErrnoException).errno ?? 0));
  }
}
