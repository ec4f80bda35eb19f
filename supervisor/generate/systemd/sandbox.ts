import { resolvePath } from "../../unit/path.ts";
import { withoutTolerance } from "../../unit/tolerance.ts";
import type { Unit } from "../../unit/unit.ts";
import type { SystemdOptions } from "./options.ts";
import { createTemplate } from "./template.ts";
import type { Entry } from "./text.ts";
import { word } from "./text.ts";

/**
 * Gives what confines the supervisor, and with it every service, for those who ask for it.
 * Why not more: just-in-time compilers write what they execute; services share /tmp with each other and their descriptors with the next supervisor, and a
 * private one is deleted after a crash; /proc of everybody is how processes are found again; the groups of services are made in a cgroup tree that is written to.
 * Why less for a user: that systemd makes a file system of its own only together with a user namespace, and what outlives a crash in one of those the next
 * supervisor, in another, cannot take over.
 * Source: systemd.exec(5), "Sandboxing"; capabilities(7).
 */
export function sandboxEntries(units: readonly Unit[], options: SystemdOptions): readonly Entry[] {
  const isRealtime = units.some(({ service }) => (service.limits.rtprio ?? 0) > 0);
  return [
    [NO_NEW_PRIVILEGES, "yes"],
    ["LockPersonality", "yes"],
    ["RestrictNamespaces", "yes"],
    ["RestrictRealtime", isRealtime ? null : "yes"],
    ["RestrictSUIDSGID", "yes"],
    ["RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"],
    ["SystemCallArchitectures", "native"],
    ["SystemCallFilter", REFUSED_CALLS],
    ["SystemCallErrorNumber", "EPERM"],
    ...(options.isUser === true ? [] : machineEntries(units, options)),
  ];
}

/** Whether a service file of ours has the sandbox. */
export function isSandboxed(service: string): boolean {
  return service.includes(`\n${NO_NEW_PRIVILEGES}=yes\n`);
}

const NO_NEW_PRIVILEGES = "NoNewPrivileges";

/** chroot(2), which is one of those that mount, stays: servers go to an empty folder with it. */
const REFUSED_CALLS =
  "~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree pivot_root umount umount2";

/**
 * What it takes to run services as others, within limits, and to find them again; and what a server needs that is root itself.
 * Not among them: the network's and the kernel's administration, modules, devices, the clock, the boot.
 */
const CAPABILITIES =
  "AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK KILL NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT SYS_NICE SYS_PTRACE SYS_RESOURCE";

const HOMES = ["/home", "/root", "/run/user"];

/** What needs a file system of its own, or the rights of root. */
function machineEntries(units: readonly Unit[], options: SystemdOptions): readonly Entry[] {
  const { root, stateDir, execStart, runtimePaths, programs = [] } = options;
  const named = units.filter((unit) => unit.enabled).map((unit) => pathsOf(unit, options));
  const must = outermost([root, stateDir]);
  const may = outermost([...must, "/tmp", "/var/tmp", ...named.flatMap(({ written }) => written)]);
  const used = [...must, ...may, ...named.flatMap(({ read }) => read), ...execStart, ...programs];
  const isAtHome = [...used, ...Object.values(runtimePaths)].some((path) => HOMES.some((home) => isBelow(home, path)));
  return [
    ["ProtectSystem", "strict"],
    // One that is not there yet is not made: systemd skips it.
    [
      "ReadWritePaths",
      [
        ...must.map((path) => word(path)),
        ...may.filter((path) => !must.includes(path)).map((path) => word(`-${path}`)),
      ].join(" "),
    ],
    // Said again, since systemd 252 leaves it out of "strict" beside ProtectKernelTunables=.
    ["ReadOnlyPaths", may.includes("/run") ? null : "/run"],
    ["ProtectHome", isAtHome ? "read-only" : "tmpfs"],
    ["PrivateDevices", "yes"],
    ["ProtectClock", "yes"],
    ["ProtectHostname", "yes"],
    ["ProtectKernelLogs", "yes"],
    ["ProtectKernelModules", "yes"],
    ["ProtectKernelTunables", "yes"],
    ["CapabilityBoundingSet", CAPABILITIES.replace(/\b(?=[A-Z])/g, "CAP_")],
  ];
}

type Paths = Readonly<{ written: readonly string[]; read: readonly string[] }>;

/** What a unit names: folders that it works in or listens in, and files that it is made of. What is filled in at the start is not known. */
function pathsOf(unit: Unit, options: SystemdOptions): Paths {
  const { service, sockets } = unit;
  const template = createTemplate(unit, options, []);
  const absolute = (text: string): readonly string[] => {
    const path = template.path("", text);
    return path === null ? [] : [path];
  };
  const listening = sockets.flatMap(({ address }) => {
    if (address.tag === "unix") return absolute(address.path);
    return address.tag === "template" && address.text.includes("/") ? absolute(address.text) : [];
  });
  const [program] = service.exec.tag === "program" ? withoutTolerance(service.exec.argv) : [service.exec.script];
  const files = [...service.environmentFiles.map(({ path }) => path), ...Object.values(service.loadCredential)];
  return {
    written: [...absolute(service.workingDirectory), ...listening.map((path) => resolvePath(path, ".."))],
    read: [program, ...files].flatMap(absolute),
  };
}

/** Leaves out what lies below another, and twice the same. */
function outermost(paths: readonly string[]): readonly string[] {
  const all = [...new Set(paths)];
  return all.filter((path) => !all.some((other) => other !== path && isBelow(other, path)));
}

function isBelow(folder: string, path: string | null): boolean {
  return path !== null && (path === folder || path.startsWith(folder === "/" ? folder : `${folder}/`));
}
