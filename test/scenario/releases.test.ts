import { expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { ReleaseStatus } from "../../supervisor/unit/release.ts";
import { askControl } from "../support/control.ts";
import { type Daemon, settledDaemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { actor } from "../support/releases.ts";
import { type RootOrder, type RuntimeName, withRoot } from "../support/root.ts";
import { mountRefusal, withSmallDisk } from "../support/small-disk.ts";
import { underLoad } from "../support/under-load.ts";
import { type Sections, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 90_000;
const PROOF_MS = 2500;
/** Enough to tell who answers worse. */
const LIGHT = { thinkMs: 40 };

/** A service whose program is the file `script` of the tree that it runs from. */
function scripted(more: Sections = {}): string {
  return shellUnit("", {
    ...more,
    service: { type: '"notify"', exec_start: '["/bin/sh", "script"]', restart_sec: '"50ms"', ...more.service },
    "socket.http": { listen_stream: '"127.0.0.1:0"', backlog: "4096" },
    handover: { soak_sec: '"200ms"', drain_sec: '"10s"', ...more.handover },
  });
}

const rooted = (runtime: RuntimeName, service: RuntimeName, unit = scripted(), proofMs = PROOF_MS): RootOrder => ({
  runtime,
  units: { "api.toml": unit },
  config: { "local.toml": `[release]\nexclude = ["tmp"]\nrollback_after_ms = ${proofMs}\n` },
  files: { script: `${actor(service)}\n`, "assets/large": "x".repeat(300_000) },
});

/** Changes the working tree's program, and deploys that. */
function deploy(daemon: Daemon, script: string, ...flags: readonly string[]) {
  daemon.write("script", `${script}\n`);
  return daemon.cli("deploy", ".", ...flags);
}

async function releases(daemon: Daemon): Promise<readonly ReleaseStatus[]> {
  const reply = await askControl(daemon.controlPath, "/v1/releases");
  return (JSON.parse(reply?.body ?? "") as { releases: readonly ReleaseStatus[] }).releases;
}

const states = async (daemon: Daemon) =>
  (await releases(daemon)).map(({ id, state, current }) => `${id} ${state}${current ? " current" : ""}`);

/** The folder that the process of a unit works in. */
async function folderOf(daemon: Daemon, unit = "api"): Promise<string> {
  return readlinkSync(`/proc/${(await daemon.unit(unit)).main_pid}/cwd`);
}

const treeOf = (daemon: Daemon, release: string) => join(daemon.stateDir, "releases", release, "tree");

for (const { daemon: runtime, service } of alike) {
  test(
    `a release is deployed under load without a failed request, and the working tree is of no account then: ${runtime}`,
    () =>
      withDaemon(rooted(runtime, service), async (daemon) => {
        const tally = await underLoad(
          daemon,
          async () => {
            expect(await deploy(daemon, `${actor(service)} # 1`, "--id", "v1")).toMatchObject({ code: 0, stderr: "" });
            expect(await deploy(daemon, `${actor(service)} # 2`, "--id", "v2")).toMatchObject({ code: 0, stderr: "" });
          },
          LIGHT,
        );
        expect(tally.samples).toEqual([]);
        expect(await states(daemon)).toEqual(["v1 good", "v2 good current"]);
        expect(await folderOf(daemon)).toBe(treeOf(daemon, "v2"));
        expect(readlinkSync(join(daemon.stateDir, "current"))).toBe("releases/v2/tree");
        expect(await daemon.unit("api")).toMatchObject({ release: "v2", outdated: false });

        daemon.write("units/api.toml", "[service]\nexec_start = 7\n");
        expect((await daemon.cli("config", "reload")).stdout).toBe("no unit has changed\n");
        const invalid = await daemon.cli("deploy", ".");
        expect(invalid).toMatchObject({
          code: 6,
          stderr: expect.stringContaining("units/api.toml:2: service.exec_start: "),
        });

        expect(await daemon.cli("rollback")).toMatchObject({ code: 0, stderr: "" });
        expect(await folderOf(daemon)).toBe(treeOf(daemon, "v1"));
        expect(await states(daemon)).toEqual(["v1 good current", "v2 good"]);

        const failing = 'pre_deploy = [["/bin/sh", "-c", "echo $SUPERVISOR_RELEASE in $PWD; exit 4"]]';
        daemon.write("config/local.toml", `[release]\n${failing}\n`);
        daemon.write("units/api.toml", scripted());
        const hooked = await daemon.cli("deploy", ".", "--id", "v3");
        expect([hooked.code, hooked.stderr]).toEqual([
          8,
          "deploy v3: pre_deploy /bin/sh: exited with code 4; nothing has changed\n",
        ]);
        expect(daemon.read(".supervisor/releases/v3/hooks.log")).toBe(`v3 in ${treeOf(daemon, "v3")}\n`);
        expect(await folderOf(daemon)).toBe(treeOf(daemon, "v1"));
      }),
    LIMIT_MS,
  );

  test(
    `what does badly is taken back by itself, told, and not taken again: ${runtime}`,
    () => {
      const probe = { listener: '"http"', period: '"100ms"', failure_threshold: "2" };
      const unit = scripted({
        service: { timeout_start_sec: '"4s"' },
        "probe.readiness": { ...probe, path: '"/readyz"' },
        "probe.liveness": { ...probe, path: '"/livez"' },
      });
      return withDaemon(rooted(runtime, service, unit), async (daemon) => {
        // The command line is the same on both, and begins sooner on this one.
        daemon.environment.SUPERVISOR_RUNTIME = "bun";
        expect(await deploy(daemon, actor(service), "--id", "good")).toMatchObject({ code: 0, stderr: "" });
        const bad = [
          ["dead", "echo no database >&2; exit 3", "exited with code 3"],
          ["mute", "exec sleep 1000000", "was not ready within 4 s"],
          ["dying", actor(service, "exit 800"), "exited with code 1"],
          ["ill", actor(service, "ill 800"), "readiness probe"],
          ["stuck", actor(service, "stuck 800"), "liveness probe"],
        ] as const;
        for (const [id, script, why] of bad) {
          const { code, stderr } = await deploy(daemon, script, "--id", id);
          expect({ id, code, stderr }).toEqual({ id, code: 8, stderr: expect.stringContaining(why) });
          expect(await folderOf(daemon)).toBe(treeOf(daemon, "good"));
          const [mark] = (await releases(daemon)).filter((one) => one.id === id);
          expect(mark).toMatchObject({ state: "bad", current: false, reason: expect.stringContaining(why) });
        }
        const answers = [
          ["wrong", "wrong", "answers 100% of requests with 5xx, 0% before"],
          ["slow", "slow 150", "for an answer on average, "],
        ] as const;
        for (const [id, part, why] of answers) {
          await underLoad(
            daemon,
            async () => {
              const { code, stderr } = await deploy(daemon, actor(service, part), "--id", id);
              expect({ id, code, stderr }).toEqual({ id, code: 8, stderr: expect.stringContaining(why) });
            },
            LIGHT,
          );
          expect(await folderOf(daemon)).toBe(treeOf(daemon, "good"));
        }
        expect((await daemon.cli("why", "api", "-n", "200")).stdout).toContain("deploy dying is taken back: ");
        expect(await daemon.unit("api")).toMatchObject({ release: "good", active_state: "active" });
        const again = await daemon.cli("deploy", ".", "--id", "again");
        expect(again).toMatchObject({ code: 8, stderr: expect.stringContaining("again was tried at ") });
        expect((await daemon.cli("rollback", "good")).code).toBe(0);
      });
    },
    LIMIT_MS,
  );

  test(
    `a supervisor that is killed in the middle leaves the old release, and one that is killed after that goes on with the proof: ${runtime}`,
    () =>
      withRoot(rooted(runtime, service, scripted({ handover: { soak_sec: '"2s"' } }), 5000), async (root) => {
        let daemon = await settledDaemon(root);
        const again = async () => {
          daemon.signal("SIGKILL");
          await daemon.ended(5_000);
          root.environment.SUPERVISOR_RUNTIME = runtime;
          daemon = await settledDaemon(root);
          root.environment.SUPERVISOR_RUNTIME = "bun";
        };
        root.environment.SUPERVISOR_RUNTIME = "bun";
        expect((await deploy(daemon, actor(service), "--id", "old")).code).toBe(0);
        daemon.write("script", `${actor(service)} # new\n`);
        const cut = daemon.cli("deploy", ".", "--id", "new");
        await daemon.until("api", ({ instances }) => instances.some(({ phase }) => phase === "soaking"), "it soaks");
        await again();
        expect((await cut).code).not.toBe(0);
        await daemon.until(
          "api",
          (unit) => unit.release === "old" && unit.instances.length === 1,
          "the old one is back",
        );
        expect(await folderOf(daemon)).toBe(treeOf(daemon, "old"));
        expect(await states(daemon)).toEqual(["old good current", "new unproven"]);

        expect((await daemon.cli("deploy", ".", "--id", "new", "--no-block")).code).toBe(0);
        await eventually(async () => (await states(daemon)).includes("new proving current"), 15_000, "it is current");
        await again();
        expect(await folderOf(daemon)).toBe(treeOf(daemon, "new"));
        await eventually(
          async () => (await states(daemon)).includes("new good current"),
          15_000,
          "it has proved itself",
        );
        expect((await daemon.stop()).code).toBe(0);
        // One that begins anew, on the other runtime, begins with it.
        root.environment.SUPERVISOR_RUNTIME = runtime === "bun" ? "deno" : "bun";
        daemon = await settledDaemon(root);
        expect(await folderOf(daemon)).toBe(treeOf(daemon, "new"));
        expect((await daemon.stop()).code).toBe(0);
      }),
    LIMIT_MS,
  );
}

test.skipIf(mountRefusal !== null)(
  "on a full disk a release is not made, nothing has changed, and nothing is left of it",
  () =>
    withRoot(rooted("bun", "bun"), (root) =>
      withSmallDisk(root.stateDir, async (disk) => {
        const daemon = await settledDaemon(root);
        expect((await deploy(daemon, actor("bun"), "--id", "v1")).code).toBe(0);
        daemon.write("assets/new", "y".repeat(300_000));
        disk.fill();
        const full = await daemon.cli("deploy", ".", "--id", "v2");
        expect(full).toMatchObject({ code: 1, stderr: expect.stringContaining("ENOSPC") });
        expect(readdirSync(join(daemon.stateDir, "releases")).sort()).toEqual([".lock", "v1"]);
        expect(await states(daemon)).toEqual(["v1 good current"]);
        disk.free();
        expect((await daemon.cli("deploy", ".", "--id", "v2")).code).toBe(0);
        expect((await daemon.stop()).code).toBe(0);
      }),
    ),
  LIMIT_MS,
);
