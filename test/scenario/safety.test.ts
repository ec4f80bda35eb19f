// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createKeyFile } from "../../supervisor/host/credential/key-file.ts";
import { seal } from "../../supervisor/host/credential/sealed.ts";
import { askControl } from "../support/control.ts";
import { type Daemon, startDaemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { type Root, withRoot } from "../support/root.ts";
import { SAY_READY, shellUnit } from "../support/unit-text.ts";

const LIMIT_MS = 60_000;
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log("no other user's connection is tried: only root can be another user");
const NOBODY = "65534";
/** Says what came of a question: the answer, or why there is none. */
const ASK = `use IO::Socket::UNIX; $SIG{PIPE} = "IGNORE";
my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or do { print "no way: $!"; exit };
print $s "GET /v1/status HTTP/1.0\\r\\n\\r\\n"; $s->flush; print "answer: ", <$s>;`;

/** Found nowhere else by chance. */
const canaries = {
  credential: "canary-7f3a-credential",
  encrypted: "canary-7f3a-encrypted",
  environment: "canary-7f3a-environment",
  token: "canary-7f3a-token",
};
/** What a text that was encoded on the way would show of them. */
const traces = Object.values(canaries).flatMap((canary) => [canary, btoa(canary).slice(0, -4)]);
const load_credential_encrypted = '{ secret = "secret.cred" }';
const KEEP = `test -s "$CREDENTIALS_DIRECTORY/db" && grep -q "^canary" "$CREDENTIALS_DIRECTORY/secret" && echo has it
${SAY_READY}; exec sleep 1000`;
const units = {
  "keeper.toml": shellUnit(KEEP, {
    service: {
      type: '"notify"',
      load_credential: '{ db = "keys/db" }',
      load_credential_encrypted,
      environment: `{ PASSWORD = "${canaries.environment}" }`,
    },
    handover: { soak_sec: '"50ms"' },
  }),
  "failing.toml": shellUnit('test -n "$PASSWORD"; exit 3', {
    service: {
      load_credential: '{ db = "keys/db" }',
      load_credential_encrypted,
      environment: `{ PASSWORD = "${canaries.environment}" }`,
      restart: '"no"',
    },
  }),
};
const queries = [
  ["status"],
  ["status", "--json"],
  ["status", "keeper"],
  ["show", "keeper", "--json"],
  ["why", "failing"],
  ["logs", "all"],
  ["events", "--json"],
  ["config", "show"],
  ["doctor"],
  ["creds", "list"],
];
const routes = [
  "/metrics",
  "/v1/status",
  "/v1/units/keeper",
  "/v1/units/keeper/unit",
  "/v1/units/failing/why",
  "/v1/config",
];

for (const { daemon: runtime } of alike) {
  describe(`daemon on ${runtime}`, () => {
    test.skipIf(!isRoot)(
      "another user gives no orders: by the modes of socket and directory, and by who it is where these let it pass",
      () =>
        withDaemon({ runtime, units: { "it.toml": shellUnit("exec sleep 1000") } }, async (daemon) => {
          expect([daemon.stateDir, daemon.controlPath].map(modeOf)).toEqual(["700", "600"]);
          chmodSync(daemon.path, 0o755);
          expect(askAs(NOBODY, daemon)).toBe("no way: Permission denied");
          chmodSync(daemon.stateDir, 0o711);
          expect(askAs(NOBODY, daemon)).toBe("no way: Permission denied");
          chmodSync(daemon.controlPath, 0o666);
          expect(askAs(NOBODY, daemon)).toBe("answer: ");
          expect(askAs("0", daemon)).toStartWith("answer: HTTP/1.1 200 OK");
        }),
      LIMIT_MS,
    );

    test(
      "a secret is seen by its service alone: in no answer, no log, no file of ours, and no other process",
      () =>
        withRoot(
          {
            runtime,
            units,
            files: { "keys/db": canaries.credential },
            environment: { SUPERVISOR_TOKEN: canaries.token },
          },
          async (root) => {
            const sealed = sealIn(root);
            const daemon = startDaemon(root);
            await daemon.settled();
            const has = () => /has it/.test(daemon.read(".supervisor/logs/keeper.log"));
            await eventually(has, 5_000, "it has read its secret");
            expect(await daemon.cli("restart", "keeper")).toMatchObject({ code: 0 });
            daemon.write("secret.cred", sealed.replace(/^(.{60})./m, "$1!"));
            const kept = await daemon.cli("reload", "keeper");
            expect([kept.code, leak(kept.stdout + kept.stderr)]).toEqual([8, null]);
            daemon.write("secret.cred", sealed);
            const told = await Promise.all(routes.map((route) => askControl(daemon.controlPath, route)));
            for (const [at, reply] of told.entries())
              expect([routes[at], leak(reply?.body ?? "")]).toEqual([routes[at], null]);
            const printed = await Promise.all(queries.map((query) => daemon.cli(...query)));
            for (const [at, { stdout, stderr }] of printed.entries()) {
              expect([queries[at], leak(stdout + stderr)]).toEqual([queries[at], null]);
            }
            const open = ["keys/db", "units/keeper.toml", "units/failing.toml"].map((name) => join(daemon.path, name));
            // The unit files that were accepted last are kept, as what they are: for nobody else to read.
            const accepted = join(daemon.stateDir, "accepted/");
            const [copies, files] = [true, false].map((isKept) =>
              filesBelow(daemon.path).filter((file) => file.startsWith(accepted) === isKept && !open.includes(file)),
            ) as [string[], string[]];
            expect(copies.map((file) => statSync(file).mode & 0o077)).toEqual(copies.map(() => 0));
            for (const file of copies) {
              const rest = readFileSync(file, "latin1").replaceAll(canaries.environment, "");
              expect([file, leak(rest)]).toEqual([file, null]);
            }
            expect(files).toContain(join(daemon.stateDir, "logs/keeper.log"));
            for (const file of files) expect([file, leak(readFileSync(file, "latin1"))]).toEqual([file, null]);

            const { main_pid } = await daemon.unit("keeper");
            const others = daemon.processes().filter(({ pid }) => pid !== main_pid);
            expect(others.map(({ pid }) => pid)).toContain(daemon.pid);
            for (const { pid, command } of daemon.processes()) expect([pid, leak(command)]).toEqual([pid, null]);
            const environ = (pid: number) => readFileSync(`/proc/${pid}/environ`, "latin1");
            for (const { pid } of others) {
              expect(environ(pid)).not.toContain(canaries.environment);
              expect(environ(pid)).not.toContain(canaries.credential);
              expect(environ(pid)).not.toContain(canaries.encrypted);
            }
            const own = environ(main_pid ?? 0);
            const { environment, ...secret } = canaries;
            expect([environment, ...Object.values(secret)].map((one) => own.includes(one))).toEqual([
              true,
              false,
              false,
              false,
            ]);
            expect(await daemon.stop()).toEqual({ code: 0, signal: null });
          },
        ),
      LIMIT_MS,
    );
  });
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

/** Which secret a text has in it. */
function leak(text: string): string | null {
  return traces.find((trace) => text.includes(trace)) ?? null;
}

/** Encrypts the one that is to be kept so, and gives what is in its file. */
function sealIn(root: Root): string {
  const key = createKeyFile(join(root.stateDir, "creds.key"), new Date());
  const text = seal(Buffer.from(canaries.encrypted), { name: "secret", notAfterMs: null, key });
  root.write("secret.cred", text);
  return text;
}

function askAs(uid: string, { controlPath }: Daemon): string {
  const who = ["--reuid", uid, "--regid", uid, "--clear-groups"];
  const { stdout } = spawnSync("setpriv", [...who, "perl", "-e", ASK, controlPath], {
    encoding: "utf8",
    timeout: 10_000,
  });
  return stdout;
}

/** Sockets are none; links are followed by nobody here, so that where the secrets lie is not looked into. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}
