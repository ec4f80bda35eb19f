import { readdirSync, readFileSync } from "node:fs";

/** A process that a supervisor of this root has started, or one of its descendants. `session`: of which process it is the session. */
export type Member = Readonly<{
  pid: number;
  startTicks: number;
  session: number;
  command: string;
  invocation: string;
  unit: string;
  instance: number;
  generation: number;
}>;

/** Every live process of an invocation, by the environment that it was started with. `marker`: what all of a root have in it. */
export function tableOf(marker: string): readonly Member[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => memberOf(Number(pid), marker) ?? []);
}

/** The process whose end is the end of its invocation; the only other leader of a session here is the one of `family`. */
export const isMain = ({ pid, session, command }: Member): boolean =>
  pid === session && !/^(setsid )?sleep /.test(command);

/** Whether it is the same process still, and no zombie. */
export function isThere({ pid, startTicks }: Pick<Member, "pid" | "startTicks">): boolean {
  const stat = statOf(pid);
  return stat !== null && !["Z", "X"].includes(stat.state) && stat.startTicks === startTicks;
}

function memberOf(pid: number, marker: string): Member | null {
  const environment = read(`/proc/${pid}/environ`);
  if (!environment.includes(marker)) return null;
  const variables = new Map(
    environment.split("\0").map((line) => [line.split("=")[0] ?? "", line.slice(line.indexOf("=") + 1)]),
  );
  const unit = variables.get("SUPERVISOR_UNIT");
  const stat = statOf(pid);
  if (unit === undefined || stat === null) return null;
  return {
    pid,
    startTicks: stat.startTicks,
    session: stat.session,
    command: read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim(),
    invocation: variables.get("INVOCATION_ID") ?? "",
    unit,
    instance: Number(variables.get("SUPERVISOR_INSTANCE")),
    generation: Number(variables.get("SUPERVISOR_GENERATION")),
  };
}

/** Source: proc_pid_stat(5), fields 3, 6 and 22. */
function statOf(pid: number): Readonly<{ state: string; session: number; startTicks: number }> | null {
  const line = read(`/proc/${pid}/stat`);
  if (line === "") return null;
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "X", session: Number(fields[3]), startTicks: Number(fields[19]) };
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // it ended between the listing and the reading
  }
}
