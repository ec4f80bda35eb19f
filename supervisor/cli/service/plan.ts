import { join } from "node:path";
import { DAEMON_SERVICE } from "../../generate/systemd/daemon.ts";

/** One thing to do to systemd. */
export type Step = Readonly<
  | { tag: "write"; path: string; text: string }
  | { tag: "remove"; path: string }
  | { tag: "run"; argv: readonly [string, ...string[]] }
>;

/** What lies in systemd's folder, by file name: the supervisor's own files alone are of interest. */
export type Installed = ReadonlyMap<string, string>;

/** Where the files go, and whether systemd is the user's own. */
export type Target = Readonly<{ folder: string; isUser: boolean }>;

/** What is to be done, or why it must not be. */
export type Plan = Readonly<{ tag: "steps"; steps: readonly Step[] } | { tag: "refused"; message: string }>;

/**
 * Says what an installation takes: the files that are not there or are other, away with those of listeners that are gone, then systemd reads them, and starts
 * the supervisor, now and with the machine. Refuses to write over a file that is not the supervisor's, or another root's.
 */
export function installPlan(files: Installed, installed: Installed, target: Target): Plan {
  const service = installed.get(DAEMON_SERVICE);
  const root = service === undefined ? null : rootOf(service);
  const wanted = rootOf(files.get(DAEMON_SERVICE) ?? "");
  if (service !== undefined && root === null) {
    return refused(`${join(target.folder, DAEMON_SERVICE)} is there already, and is not the supervisor's`);
  }
  if (root !== null && root !== wanted) {
    return refused(
      `it is installed for ${root} already; uninstall it there: supervisor --root ${root} service uninstall`,
    );
  }
  const gone = ownSockets(installed).filter((name) => !files.has(name));
  const writes = [...files].filter(([name, text]) => installed.get(name) !== text);
  return steps([
    ...(gone.length > 0 ? [systemctl(target, "disable", "--now", ...gone)] : []),
    ...gone.map((name): Step => ({ tag: "remove", path: join(target.folder, name) })),
    ...writes.map(([name, text]): Step => ({ tag: "write", path: join(target.folder, name), text })),
    systemctl(target, "daemon-reload"),
    systemctl(target, "enable", "--now", DAEMON_SERVICE),
  ]);
}

/** Says what it takes to undo an installation. The supervisor and its services are stopped. */
export function uninstallPlan(root: string, installed: Installed, target: Target): Plan {
  const service = installed.get(DAEMON_SERVICE);
  if (service === undefined) return refused(`it is not installed: there is no ${join(target.folder, DAEMON_SERVICE)}`);
  const owner = rootOf(service);
  if (owner === null) return refused(`${join(target.folder, DAEMON_SERVICE)} is not the supervisor's`);
  if (owner !== root) return refused(`it is installed for ${owner}: supervisor --root ${owner} service uninstall`);
  const names = [DAEMON_SERVICE, ...ownSockets(installed)];
  return steps([
    systemctl(target, "disable", "--now", ...names),
    ...names.map((name): Step => ({ tag: "remove", path: join(target.folder, name) })),
    systemctl(target, "daemon-reload"),
  ]);
}

/** The root that a service file of ours is for; null when it is not ours. */
export function rootOf(service: string): string | null {
  const isOurs = service.includes("# The supervisor itself. Written by `supervisor generate systemd`.");
  const [, root] = /^Description=supervisor of (.*)$/m.exec(service) ?? [];
  return isOurs && root !== undefined ? root.replaceAll("%%", "%") : null;
}

/** Calls systemctl, the user's own where that is meant. */
export function systemctl({ isUser }: Target, ...args: readonly string[]): Extract<Step, { tag: "run" }> {
  return { tag: "run", argv: ["systemctl", ...(isUser ? ["--user"] : []), ...args] };
}

function ownSockets(installed: Installed): readonly string[] {
  return [...installed.keys()].filter((name) => {
    return /^supervisor-.*\.socket$/.test(name) && installed.get(name)?.includes(`\nService=${DAEMON_SERVICE}\n`);
  });
}

function steps(all: readonly Step[]): Plan {
  return { tag: "steps", steps: all };
}

function refused(message: string): Plan {
  return { tag: "refused", message };
}
