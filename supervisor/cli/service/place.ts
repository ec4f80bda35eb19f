import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { Installed, Target } from "./plan.ts";

/** Where a systemd takes its units from, and the sign that it runs. */
export type Place = Target & Readonly<{ sign: string }>;

/** Source: systemd.unit(5), "Unit File Load Path"; sd_booted(3) for the sign, and systemd --user's own folder for that of a user. */
export function placeOf(isUser: boolean, env: Readonly<Record<string, string | undefined>>): Place {
  if (!isUser) return { isUser, folder: "/etc/systemd/system", sign: "/run/systemd/system" };
  const home = env.XDG_CONFIG_HOME || join(homedir(), ".config");
  return { isUser, folder: join(home, "systemd/user"), sign: join(env.XDG_RUNTIME_DIR || "/nowhere", "systemd") };
}

/** Says why there is no systemd to talk to; null when there is one. */
export function absence({ isUser, sign }: Place, env: Readonly<Record<string, string | undefined>>): string | null {
  const isFound = (env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "systemctl")));
  if (!isFound) return "there is no systemctl on this machine: systemd is what it installs into";
  if (existsSync(sign)) return null;
  return isUser
    ? `no systemd of this user runs (there is no ${sign})`
    : `this machine was not started by systemd (there is no ${sign})`;
}

/** What of the supervisor's lies there. */
export function installedIn({ folder }: Place): Installed {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder).filter((name) => /^supervisor(?:-.*\.socket|\.service)$/.test(name));
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
