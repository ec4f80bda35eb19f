import { readFileSync } from "node:fs";
import type { Privileges } from "../unit/privileges.ts";
import { accountId, findAccount, membershipsOf } from "./account.ts";
import { type Refusal, refusal } from "./program.ts";

const EPERM = 1;
const CAP_SETGID = 6n;
const CAP_SETUID = 7n;

/** Whom the kernel takes a process for. `groups`: the supplementary ones. */
export type Identity = Readonly<{ uid: number; gid: number; groups: readonly number[] }>;

/** `null`: the child stays who we are. */
export type Identified = Readonly<{ ok: true; identity: Identity | null } | { ok: false; refusal: Refusal }>;

/**
 * Looks up as whom a process is to run. A user without `group` gets its own one, and every group that lists it.
 * Errors: an unknown user or group; EPERM when we may not become it, which takes root.
 * Source: systemd.exec(5), User=, Group=, SupplementaryGroups=.
 */
export function identityOf({ user, group, supplementaryGroups }: Privileges): Identified {
  if (user === "" && group === "" && supplementaryGroups.length === 0) return { ok: true, identity: null };
  const self = ourselves();
  const account = user === "" ? null : findAccount(user);
  if (user !== "" && account === null) return unknown(`no user "${user}"`);
  const gid = group === "" ? (account ?? self).gid : accountId("/etc/group", group);
  if (gid === null) {
    return unknown(group === "" ? `user ${user} is not in /etc/passwd, so it needs a group` : `no group "${group}"`);
  }
  const asked: number[] = [];
  for (const name of supplementaryGroups) {
    const id = accountId("/etc/group", name);
    if (id === null) return unknown(`no group "${name}"`);
    asked.push(id);
  }
  const uid = account?.uid ?? self.uid;
  if (!self.maySwitch) {
    const isOurs = uid === self.uid && gid === self.gid && asked.every((id) => [gid, ...self.groups].includes(id));
    return isOurs ? { ok: true, identity: null } : { ok: false, refusal: refusal(whoText(user, group), EPERM) };
  }
  const own = account === null ? [] : [gid, ...membershipsOf(account.name)];
  return { ok: true, identity: { uid, gid, groups: [...new Set([...own, ...asked])] } };
}

function unknown(message: string): Identified {
  return { ok: false, refusal: { code: "ESRCH", message } };
}

function whoText(user: string, group: string): string {
  if (user !== "") return `user "${user}"`;
  return group === "" ? "supplementary groups" : `group "${group}"`;
}

type Self = Identity & Readonly<{ maySwitch: boolean }>;

/** Who we are by the kernel's own word. A root whose container took these capabilities away can switch no more than others. */
function ourselves(): Self {
  const status = readFileSync("/proc/self/status", "utf8");
  const numbers = (name: string): readonly number[] =>
    (new RegExp(`^${name}:(.*)$`, "m").exec(status)?.[1]?.match(/\d+/g) ?? []).map(Number);
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const [, uid = 0] = numbers("Uid");
  const [, gid = 0] = numbers("Gid");
  const has = (capability: bigint): boolean => ((effective >> capability) & 1n) === 1n;
  return { uid, gid, groups: numbers("Groups"), maySwitch: uid === 0 && has(CAP_SETUID) && has(CAP_SETGID) };
}
