import { readFileSync } from "node:fs";
import type { Login } from "../unit/environment.ts";

type Database = "/etc/passwd" | "/etc/group";

/** The greatest one stands for "leave it as it is" in every call that takes an id. */
const MOST_ID = 0xffff_fffe;
const NO_SHELLS = ["", "/bin/false", "/usr/bin/false", "/sbin/nologin", "/usr/sbin/nologin"];

/** `gid: null`: the user was given by a number that no entry has, so its group is not known. */
export type Account = Readonly<{ name: string; uid: number; gid: number | null; home: string; shell: string }>;

/**
 * The number of a user or group by name or by number; null when there is none such.
 * Shape: `(“/etc/passwd”, "www-data")` → 33; `"33"` → 33.
 * Source: passwd(5), group(5): both have the name in the first field and the number in the third.
 */
export function accountId(database: Database, name: string): number | null {
  if (/^\d+$/.test(name)) return asId(name);
  const [, , id] = entries(database).find(([entry]) => entry === name) ?? [];
  return id === undefined ? null : asId(id);
}

/**
 * The account of a user by name or by number; null when there is none such.
 * Why only the file: asking a directory service (LDAP, NIS) would hold the whole daemon for as long as that takes.
 */
export function findAccount(user: string): Account | null {
  const all = entries("/etc/passwd");
  const found = all.find(([name]) => name === user) ?? all.find(([, , id]) => id === user);
  const [name = user, , id = user, gid = "", , home = "", shell = ""] = found ?? [];
  const uid = asId(id);
  return uid === null ? null : { name, uid, gid: asId(gid), home, shell };
}

/** The groups that list the user as a member. Source: initgroups(3). */
export function membershipsOf(user: string): readonly number[] {
  return entries("/etc/group")
    .filter(([, , , members = ""]) => members.split(",").includes(user))
    .flatMap(([, , id = ""]) => asId(id) ?? []);
}

/**
 * What the account brings into the environment; nothing for no user, and for one that is not there: starting will tell.
 * A home that is the root directory, and a shell that refuses to be one, are left out.
 * Source: systemd.exec(5), `SetLoginEnvironment=`.
 */
export function loginOf(user: string): Login | undefined {
  const account = user === "" ? null : findAccount(user);
  if (account === null) return undefined;
  const { name, home, shell } = account;
  return {
    USER: name,
    LOGNAME: name,
    ...(/^\/+[^/]/.test(home) ? { HOME: home } : {}),
    ...(NO_SHELLS.includes(shell) ? {} : { SHELL: shell }),
  };
}

function asId(text: string): number | null {
  return /^\d+$/.test(text) && Number(text) <= MOST_ID ? Number(text) : null;
}

function entries(database: Database): readonly (readonly string[])[] {
  try {
    const lines = readFileSync(database, "utf8").split("\n");
    return lines.map((line) => line.split(":"));
  } catch {
    // A system without the file knows nobody by name.
    return [];
  }
}
