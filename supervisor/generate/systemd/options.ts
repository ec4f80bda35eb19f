import type { Argv } from "../../unit/unit.ts";

/** What the generator must know of the machine that the files are for. All paths are absolute. */
export type SystemdOptions = Readonly<{
  root: string;
  stateDir: string;
  /** How `supervisor` is called there. Shape: `["/opt/app/supervisor/bin.sh"]`. */
  execStart: Argv;
  /** Where the runtimes are, for units with a `script`; null when the machine has none. */
  runtimePaths: Readonly<{ bun: string | null; deno: string | null; node: string | null }>;
  /** What `runtime = "auto"` means. */
  self: "bun" | "deno";
  /** For the daemon itself. Shape: `{ SUPERVISOR_RUNTIME: "/usr/bin/bun" }`. */
  environment?: Readonly<Record<string, string>>;
  /** Whom the daemon runs as; root when it is left out. */
  user?: string;
  /** For a user's own systemd, which runs the daemon as that user. */
  isUser?: boolean;
  /** Confine the daemon and its services. */
  sandbox?: boolean;
  /** Where the programs of `execStart` and `runtimePaths` really lie, behind all links. */
  programs?: readonly string[];
  /** Also a native `.service` and `.socket` for every unit. */
  perUnit: boolean;
  /** The oldest systemd that must read the files without a warning; 252 when it is left out. */
  systemdVersion?: number;
}>;
