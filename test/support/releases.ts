import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Daemon } from "./daemon.ts";
import type { Root, RootOrder, RuntimeName } from "./root.ts";
import { program, type Sections, shellUnit } from "./unit-text.ts";

/** What a release is: the lines of its script, or a program that cannot be executed. */
export type Release = Readonly<{ script: string } | { program: "missing" | "without interpreter" }>;

const BIN = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));

/** A line that becomes the service which plays that part, see `actor.ts`. */
export function actor(runtime: RuntimeName, part = "serve"): string {
  const run = runtime === "deno" ? "deno run -A --quiet" : "bun --no-install";
  return `exec ${BIN}/${run} ${program("actor.ts")} ${part}`;
}

/** The unit file of a service that runs whatever the newest release is. It speaks for itself and is given a listener. */
export function releasedUnit(more: Sections = {}): string {
  return shellUnit("", {
    ...more,
    service: {
      type: '"notify"',
      exec_start: '["%r/current/program", "script"]',
      working_directory: '"current"',
      restart_sec: '"50ms"',
      timeout_stop_sec: '"5s"',
      ...more.service,
    },
    "socket.http": { listen_stream: '"127.0.0.1:0"', backlog: "4096", ...more["socket.http"] },
    handover: { soak_sec: '"300ms"', drain_sec: '"15s"', ...more.handover },
  });
}

/** What a root holds that begins with this release. */
export function firstRelease(script: string): Required<Pick<RootOrder, "files" | "links">> {
  return {
    files: { "releases/1/script": `${script}\n` },
    links: { "releases/1/program": "/bin/sh", current: "releases/1" },
  };
}

/** Puts a release beside the others and points the link at it, in one step. */
export function release({ path }: Pick<Root, "path">, what: Release): string {
  const next = String(Number(basename(readlinkSync(join(path, "current")))) + 1);
  const folder = join(path, "releases", next);
  mkdirSync(folder);
  if ("script" in what) {
    writeFileSync(join(folder, "script"), `${what.script}\n`);
    symlinkSync("/bin/sh", join(folder, "program"));
  } else if (what.program === "without interpreter") {
    writeFileSync(join(folder, "program"), "#!/no/such/interpreter\n", { mode: 0o755 });
  }
  rmSync(join(path, "current.new"), { force: true });
  symlinkSync(folder, join(path, "current.new"));
  renameSync(join(path, "current.new"), join(path, "current"));
  return next;
}

/** The release that a process runs, by the folder that it works in. */
export function releaseOf(pid: number | null): string {
  return basename(readlinkSync(`/proc/${pid}/cwd`));
}

/** Waits until one generation serves alone. */
export function alone(daemon: Daemon, name = "api") {
  return daemon.until(
    name,
    (unit) => unit.instances.length === 1 && unit.sub_state === "running",
    "one generation serves alone",
  );
}
