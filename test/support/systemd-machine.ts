import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.ts";
import { type Ran, type Root, type RootOrder, runToEnd, withRoot } from "./root.ts";
import { within } from "./within.ts";

const SCRIPT = fileURLToPath(new URL("./systemd-machine.sh", import.meta.url));
const PROJECT = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));
const BIN = fileURLToPath(new URL("../../supervisor/bin.sh", import.meta.url));
const PROGRAMS = ["/lib/systemd/systemd", "systemctl", "setpriv", "unshare", "nsenter"];
const BOOT_BOUND_MS = 30_000;

/** Why no systemd can be booted here; null when one can. */
export const machineRefusal: string | null = findRefusal();

function findRefusal(): string | null {
  const missing = PROGRAMS.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
  if (missing.length > 0) return `${missing.join(", ")} is not installed`;
  const env = { ...process.env, SUPERVISOR_TEST_ID: "none" };
  const tried = spawnSync("sh", [SCRIPT, "try", PROJECT], { encoding: "utf8", env, timeout: BOOT_BOUND_MS });
  return tried.status === 0 ? null : (tried.error?.message ?? tried.stderr).trim();
}

/** The controllers of cgroup v2 that a machine here has. */
export const controllers: readonly string[] = findControllers();

function findControllers(): readonly string[] {
  const point = / (\S+) cgroup2 /.exec(readFileSync("/proc/mounts", "utf8"))?.[1] ?? "";
  const file = join(point, "cgroup.subtree_control");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split(" ") : [];
}

/** A machine that a real systemd runs, in namespaces of its own. It has this one's files, and this one's network. */
export interface SystemdMachine {
  /** The launcher of `supervisor`. */
  readonly bin: string;
  /** Runs a program in it to its end. */
  run(...argv: readonly string[]): Promise<Ran>;
  /** Runs `systemctl …` in it. Errors: throws with what it said when it fails. */
  systemctl(...args: readonly string[]): Promise<string>;
  /** Runs `supervisor --root PATH …` in it. */
  supervisor(...args: readonly string[]): Promise<Ran>;
  /** One property of a unit, as `systemctl show` has it. */
  property(unit: string, name: string): Promise<string>;
  /** Writes a unit file or a drop-in. Shape of the name: `it.service`, `it.service.d/more.conf`. */
  unitFile(name: string, text: string): Promise<void>;
  /** The command lines of all that runs in it, but for systemd itself. */
  processes(): Promise<readonly string[]>;
}

/**
 * Boots a machine that sees a throw-away root, lends both, and takes everything away again, however it ends.
 * Errors: throws what `use` threw, with the machine's journal on stderr.
 */
export function withSystemd(
  order: RootOrder,
  use: (root: Root, machine: SystemdMachine) => Promise<void>,
): Promise<void> {
  return withRoot(order, async (root) => {
    const argv = [SCRIPT, "boot", PROJECT, root.path];
    const child = spawn("sh", argv, { env: root.environment, stdio: ["pipe", "pipe", "pipe"] });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    try {
      const machine = lend(root, await within(boot(child), BOOT_BOUND_MS, "systemd is process 1"));
      await booted(machine);
      await use(root, machine).catch(async (error: unknown) => {
        const { stdout } = await machine.run("journalctl", "--no-pager", "--quiet", "--lines=100");
        console.error(`--- systemd's journal\n${stdout}---`);
        throw error;
      });
    } finally {
      child.stdin.end();
      await within(ended, BOOT_BOUND_MS, "the machine is gone");
    }
  });
}

/** Gives the pid of process 1 as seen from here. */
async function boot(child: ChildProcess): Promise<string> {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  if (child.stdout) for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`no systemd was booted: ${said.trim()}`);
}

async function booted(machine: SystemdMachine): Promise<void> {
  // It answers some milliseconds after it has begun, and nobody is told of that moment.
  const answers = async () => (await machine.run("test", "-S", "/run/systemd/private")).code === 0;
  await eventually(answers, BOOT_BOUND_MS, "systemd answers");
  await machine.systemctl("is-system-running", "--wait");
  // Else the first that is logged starts it, and its process has one name after the other while others are counted.
  await machine.systemctl("start", "systemd-journald.service");
}

function lend(root: Root, pid: string): SystemdMachine {
  const enter = ["--target", pid, "--mount", "--pid", "--uts", "--ipc", "--cgroup"];
  const run: SystemdMachine["run"] = (...argv) => runToEnd(["nsenter", ...enter, ...argv], root.path, root.environment);
  const systemctl: SystemdMachine["systemctl"] = async (...args) => {
    const { code, stdout, stderr } = await run("systemctl", ...args);
    if (code !== 0) throw new Error(`systemctl ${args.join(" ")}: exit code ${code}: ${stdout}${stderr}`);
    return stdout.trim();
  };
  return {
    bin: BIN,
    run,
    systemctl,
    supervisor: (...args) => run("sh", BIN, "--root", root.path, ...args),
    property: (unit, name) => systemctl("show", "--value", `--property=${name}`, unit),
    async unitFile(name, text) {
      const path = `/etc/systemd/system/${name}`;
      await run("sh", "-c", 'mkdir -p "$(dirname "$0")" && printf %s "$1" >"$0"', path, text);
      await systemctl("daemon-reload");
    },
    async processes() {
      const { stdout } = await run("ps", "-e", "--no-headers", "-o", "args");
      return stdout.split("\n").filter((line) => !/^(?:\/lib\/systemd\/systemd.*|ps -e .*|)$/.test(line));
    },
  };
}
