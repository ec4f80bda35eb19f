// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";
import { SAY_READY, shellUnit } from "../support/unit-text.ts";

const TELL = `cat /proc/self/status; echo "limit $(ulimit -n) $(ulimit -Hn)"; echo "login $USER $LOGNAME"; echo "mine $(($$ == $LISTEN_PID)) $LISTEN_FDNAMES"`;
const service = { working_directory: '"/"', restart: '"no"' };

const units = {
  "who.toml": shellUnit(`${TELL}; ${SAY_READY}; exec sleep 1000`, {
    service: {
      ...service,
      ...{ type: '"notify"', user: '"nobody"', group: '"4712"', supplementary_groups: '["4713"]', umask: '"0027"' },
      ...{ nice: "3", oom_score_adjust: "100", limit_nofile: "123", no_new_privileges: "true" },
      environment: '{ CACHE = "/var/cache/${USER}" }',
    },
    "socket.http": { listen_stream: '"127.0.0.1:0"' },
    handover: { soak_sec: '"100ms"' },
  }),
  "bob.toml": refusedUnit({ user: '"no-such-user"' }),
  "greedy.toml": refusedUnit({ limit_nofile: '"1T"' }),
  "lost.toml": refusedUnit({ user: '"nobody"', working_directory: '"%t"' }),
  "closed.toml": refusedUnit({ user: '"nobody"', exec_start: '["%r/closed/program"]' }),
};

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.error("test/scenario/privileges.test.ts is not run: only root may start processes as others");

for (const { daemon: runtime } of isRoot ? alike : []) {
  test(`a unit runs as its user with its limits, through a handover, and what stands against it is told: ${runtime}`, async () => {
    const files = { "closed/program": "#!/bin/sh\n" };
    await withRoot({ runtime, units, files }, async (root) => {
      // The folder for temporary files lies below it, and is where another user's notify socket is put.
      chmodSync(root.path, 0o755);
      chmodSync(`${root.path}/closed/program`, 0o755);
      chmodSync(`${root.path}/closed`, 0o700);
      const daemon = startDaemon(root);
      await daemon.settled();
      const first = await expectNobody(daemon, 1);
      expect(await daemon.cli("reload", "who")).toMatchObject({ code: 0 });
      expect(await expectNobody(daemon, 2)).not.toBe(first);
      await expectRefusals(daemon, root.path);
      expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    });
  }, 60_000);
}

function refusedUnit(keys: Readonly<Record<string, string>>): string {
  return shellUnit("exec sleep 1000", { unit: { enabled: "false" }, service: { ...service, ...keys } });
}

/** Looks at the process itself and at what the `count`-th one printed; answers with its pid. */
async function expectNobody(daemon: Daemon, count: number): Promise<number> {
  const pid = (await daemon.unit("who")).main_pid ?? 0;
  const [, , uid = "", , , home = ""] = /^nobody:.*$/m.exec(readFileSync("/etc/passwd", "utf8"))?.[0].split(":") ?? [];
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  expect(status).toMatch(new RegExp(`^Uid:\\s${uid}\\s${uid}\\s${uid}\\s${uid}\nGid:\\s4712\\s`, "m"));
  expect(status).toMatch(/^Groups:\s4712 4713\s*$/m);
  expect(status).toMatch(/^Umask:\s0027$/m);
  expect(status).toMatch(/^NoNewPrivs:\s1$/m);
  expect(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8")).toBe("100\n");
  expect(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[16]).toBe("3");
  const environ = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  expect(environ).toContain("CACHE=/var/cache/nobody");
  expect(environ.filter((pair) => pair.startsWith("HOME="))).toEqual(home === "/" ? [] : [`HOME=${home}`]);
  const log = ".supervisor/logs/who.log";
  const printed = () => existsSync(`${daemon.path}/${log}`) && daemon.read(log);
  const all = await eventually(() => lines(printed() || "", "mine").length >= count && printed(), 5_000, "its words");
  for (const name of ["limit 123 123", "login nobody nobody", "mine 1 http"]) {
    expect(lines(all || "", name.split(" ")[0] ?? "")).toEqual(Array(count).fill(name));
  }
  return pid;
}

function lines(text: string, first: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith(`${first} `));
}

async function expectRefusals(daemon: Daemon, root: string): Promise<void> {
  const hard = /^Max open files +\S+ +(\S+)/m.exec(readFileSync(`/proc/${daemon.pid}/limits`, "utf8"))?.[1];
  const denied = "Permission denied (EACCES)";
  for (const [unit, why] of [
    ["bob", 'stage user: no user "no-such-user"'],
    [
      "greedy",
      `stage limit: limit_nofile = 1099511627776 is above the hard limit of ${hard}: Operation not permitted (EPERM)`,
    ],
    ["lost", `stage chdir: ${root}/.supervisor: ${denied}`],
    ["closed", `stage exec: ${root}/closed/program: ${denied}`],
  ] as const) {
    const { code, stderr } = await daemon.cli("start", unit);
    expect([unit, code, stderr.trim()]).toEqual([unit, 1, `start ${unit}: failed at ${why}`]);
  }
}
