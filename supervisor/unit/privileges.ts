import type { Service } from "./unit.ts";

/** As whom a process runs, and how much it may take: the settings as the unit file has them, names not yet looked up. */
export type Privileges = Readonly<
  Pick<
    Service,
    ("user" | "group" | "supplementaryGroups" | "noNewPrivileges") | ("umask" | "nice" | "oomScoreAdjust" | "limits")
  >
>;

/** What a unit asks for beyond what every child gets; null when that is nothing, so that nothing stands between it and its start. */
export function privilegesOf(service: Service): Privileges | null {
  const { user, group, supplementaryGroups, noNewPrivileges, umask, nice, oomScoreAdjust, limits } = service;
  const isPlain =
    user === "" &&
    group === "" &&
    supplementaryGroups.length === 0 &&
    !noNewPrivileges &&
    Object.keys(limits).length === 0;
  if (isPlain && umask === null && nice === null && oomScoreAdjust === null) return null;
  return { user, group, supplementaryGroups, noNewPrivileges, umask, nice, oomScoreAdjust, limits };
}
