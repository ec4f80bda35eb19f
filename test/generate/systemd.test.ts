// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SystemdOptions } from "../../supervisor/generate/systemd/options.ts";
import { generateSystemd } from "../../supervisor/generate/systemd.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { richUnit, tcpSocket } from "./rich-unit.ts";

const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
if (!analyze) console.warn("systemd-analyze is not on this machine: its opinion of the files is not asked");

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "supervisor-systemd-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const BASE: SystemdOptions = {
  root: "/srv/my app",
  stateDir: "/srv/my app/.supervisor",
  execStart: ["/bin/sh", "supervisor.sh"],
  runtimePaths: { bun: process.execPath, deno: process.execPath, node: process.execPath },
  self: "bun",
  environment: { SUPERVISOR_RUNTIME: "/usr/bin/bun" },
  user: "daemon",
  perUnit: true,
};

function generate(units: readonly Unit[], change: Partial<SystemdOptions> = {}) {
  const { files, losses } = generateSystemd(units, { ...BASE, ...change });
  return { names: [...files.keys()], text: (name: string) => (files.get(name) ?? "").split("\n"), files, losses };
}

/** What systemd-analyze says of the files; "" when it has nothing to say. */
function verify(files: ReadonlyMap<string, string>): string {
  const folder = mkdtempSync(join(root, "units-"));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  const paths = readdirSync(folder).map((name) => join(folder, name));
  const { stdout, stderr, status } = spawnSync("systemd-analyze", ["verify", "--man=no", ...paths], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return status === 0 ? `${stdout}${stderr}` : `exit ${status}: ${stdout}${stderr}`;
}

const ALONE = { requires: [], wants: [], after: [], before: [], conflicts: [] };
const neighbours = ["redis", "dns", "metrics", "old-api"].map((name) =>
  richUnit({ name, ...ALONE, sockets: [] }, { type: "simple" }),
);

test.skipIf(!analyze)(
  "systemd-analyze has nothing to say against a unit with a value in every key",
  () => {
    expect(verify(generate([richUnit(), ...neighbours]).files)).toBe("");
  },
  40_000,
);

test.skipIf(!analyze)(
  "systemd-analyze still finds a fault, so that its silence means something",
  () => {
    const { files } = generate([richUnit(), ...neighbours], { systemdVersion: 999 });
    const spoilt = new Map([...files].map(([name, text]) => [name, text.replace("[Service]", "[Service]\nNotAKey=1")]));
    expect(verify(spoilt)).toContain("NotAKey");
  },
  40_000,
);

test.skipIf(!analyze)(
  "a program whose path has spaces, percents and dollars is found by systemd",
  () => {
    const program = join(root, "we ird 100% $HOME");
    writeFileSync(program, "#!/bin/sh\n");
    chmodSync(program, 0o755);
    const unit = richUnit(ALONE, { exec: { tag: "program", argv: [program.replaceAll("%", "%%")] } });
    expect(verify(generate([unit], { execStart: [program] }).files)).toBe("");
    expect(verify(generate([unit], { execStart: [`${program}x`] }).files)).toContain("is not executable");
  },
  40_000,
);

test.skipIf(!analyze)(
  "two listeners whose names meet get socket units that systemd connects to the right service",
  () => {
    const socket = (name: string, port: number) => tcpSocket({ name, address: { tag: "tcp", host: "", port } });
    const { files, names, text } = generate([
      richUnit({ ...ALONE, name: "a", sockets: [socket("b-c", 8081)] }),
      richUnit({ ...ALONE, name: "a-b", sockets: [socket("c", 8082)] }),
    ]);
    expect(names.filter((name) => name.endsWith(".socket"))).toEqual([
      "supervisor-a-b-c.socket",
      "supervisor-a\\x2db-c.socket",
      "a-b-c.socket",
      "a\\x2db-c.socket",
    ]);
    expect(text("supervisor.service")).toContain("Sockets=supervisor-a-b-c.socket supervisor-a\\\\x2db-c.socket");
    expect(verify(files)).toBe("");
  },
  40_000,
);

test("the supervisor's own service is told how to start, reload, watch and stop it", () => {
  const { text } = generate([richUnit({}, { timeoutStopMs: 20_000 })], { perUnit: false });
  const lines = text("supervisor.service");
  for (const line of [
    "Type=notify",
    "NotifyAccess=main",
    'ExecStart=/bin/sh supervisor.sh --root "/srv/my app" --state "/srv/my app/.supervisor" start',
    'ExecStopPost=-/bin/sh supervisor.sh --root "/srv/my app" --state "/srv/my app/.supervisor" start --make-room',
    'ExecReload=/bin/sh supervisor.sh --root "/srv/my app" --state "/srv/my app/.supervisor" reload',
    "WorkingDirectory=/srv/my app",
    "User=daemon",
    "WatchdogSec=30s",
    "Restart=always",
    "KillMode=process",
    "Delegate=yes",
    "StateDirectory=supervisor",
    "RuntimeDirectory=supervisor",
    "RuntimeDirectoryPreserve=yes",
    "LogsDirectory=supervisor",
    "TimeoutStopSec=30s",
    "Sockets=supervisor-api-http.socket supervisor-api-admin.socket",
    "WantedBy=multi-user.target",
  ]) {
    expect(lines).toContain(line);
  }
});

test("a stop that may take for ever is not cut short by systemd", () => {
  expect(generate([richUnit()]).text("supervisor.service")).toContain("TimeoutStopSec=infinity");
});

test("the supervisor gets each listener by the name UNIT.LISTENER, a native service by the listener's own", () => {
  const { text } = generate([richUnit()]);
  expect(text("supervisor-api-http.socket")).toContain("FileDescriptorName=api.http");
  expect(text("supervisor-api-http.socket")).toContain("Service=supervisor.service");
  expect(text("api-http.socket")).toContain("FileDescriptorName=http");
  expect(text("api-http.socket")).toContain("Service=api.service");
});

test("a stop of the supervisor closes its socket units, of a user's systemd as well, and there is nothing to close without any", () => {
  const closes = (change: Partial<SystemdOptions>, units = [richUnit()]) =>
    generate(units, change)
      .text("supervisor.service")
      .filter((line) => /^ExecStopPost=.* stop /.test(line));
  const asks = (systemctl: string) => `${systemctl} list-jobs --no-legend | grep -Eq '[0-9] supervisor.service +stop '`;
  const line = (systemctl: string) =>
    `/bin/sh -c "${asks(systemctl)} && exec ${systemctl} --no-block stop \\"$$@\\"" sh supervisor-api-http.socket supervisor-api-admin.socket`;
  expect(closes({})).toEqual([`ExecStopPost=-+${line("systemctl")}`]);
  expect(closes({ isUser: true })).toEqual([`ExecStopPost=-${line("systemctl --user")}`]);
  expect(closes({}, [richUnit({ sockets: [] })])).toEqual([]);
});

test("a listener keeps all its options", () => {
  const { text } = generate([richUnit()]);
  expect(text("api-http.socket").slice(text("api-http.socket").indexOf("[Socket]"))).toEqual([
    "[Socket]",
    "ListenStream=[::1]:8080",
    "FileDescriptorName=http",
    "Service=api.service",
    "Backlog=4096",
    "BindIPv6Only=ipv6-only",
    "FreeBind=yes",
    "ReusePort=yes",
    "NoDelay=yes",
    "KeepAlive=yes",
    "DeferAcceptSec=1500ms",
    "",
    "[Install]",
    "WantedBy=sockets.target",
    "",
  ]);
  const admin = text("api-admin.socket");
  expect(admin).toContain("ListenStream=/srv/my app/.supervisor/admin 1.sock");
  expect(admin).toContain("SocketMode=0660");
  expect(admin).not.toContain("NoDelay=yes");
});

test("a native service says what the unit says", () => {
  const { text } = generate([richUnit()]);
  const lines = text("api.service");
  for (const line of [
    'Description=HTTP "API", 100%% of $HOME\\ ',
    "Requires=redis.service",
    "After=network.target supervisor.service supervisor-api-http.socket supervisor-api-admin.socket dns.service redis.service",
    "Before=metrics.service",
    "Conflicts=supervisor.service supervisor-api-http.socket supervisor-api-admin.socket old-api.service",
    "StartLimitIntervalSec=10s",
    "Type=notify",
    "NotifyAccess=all",
    "WorkingDirectory=/srv/my app/work dir",
    'Environment=PORT=8080 "MOTTO=a \\"b\\" \\\\ 100%% $x\\x0a\\x09" EMPTY=',
    "EnvironmentFile=-/srv/my app/-odd.env",
    'ExecStartPre=/bin/true api 1 "/srv/my app" "/srv/my app/.supervisor"',
    `ExecStart=/bin/sh -c "echo \\"$$HOME\\" '\${PORT}' 100%% ; printf \\"a\\\\nb\\"\\x0a" "--port=\${PORT}" "\${AWAY}" ::1 ";" ""`,
    `ExecReload=/bin/kill -HUP "\${MAINPID}"`,
    "Restart=on-failure",
    "RestartSec=100ms",
    "SuccessExitStatus=0 143 SIGUSR1",
    "TimeoutStopSec=infinity",
    "WatchdogSec=2500ms",
    "KillSignal=SIGINT",
    "SendSIGKILL=no",
    "FileDescriptorStoreMax=8",
    "UMask=0027",
    "LimitNOFILE=65536",
    "LimitCORE=infinity",
    "MemoryMax=536870912",
    "CPUQuota=150%",
    "LoadCredential=db:/srv/my app/keys/db",
    "NonBlocking=yes",
  ]) {
    expect(lines).toContain(line);
  }
});

test("what cannot be carried over is listed, and stands at the head of the file", () => {
  const { losses, text } = generate([richUnit()]);
  expect(losses.map(({ key }) => key)).toEqual([
    "service.exec_start",
    "service.environment.FROM_ABROAD",
    "service.restart_steps",
    "service.load_credential_encrypted.tls",
    "service.limit_unheard",
    "probe.liveness",
    "handover",
    "service.inherit_environment",
    "output",
  ]);
  // systemd would fail to start it: it has another key, and another format.
  expect(text("api.service").filter((line) => line.startsWith("LoadCredentialEncrypted"))).toEqual([]);
  const head = text("api.service").slice(0, losses.length + 1);
  expect(head[0]).toBe("# Not carried over:");
  expect(head.slice(1)).toEqual(losses.map(({ unit, key, why }) => `#   ${unit}: ${key}: ${why}`));
});

test("keys that only a newer systemd knows are written for a newer systemd only", () => {
  expect(generate([richUnit()]).text("api.service")).not.toContain("RestartSteps=4");
  const newer = generate([richUnit()], { systemdVersion: 254 });
  expect(newer.text("api.service")).toContain("RestartSteps=4");
  expect(newer.text("api.service")).toContain("RestartMaxDelaySec=30s");
});

test("a listener that systemd cannot bind is left to the supervisor and reported", () => {
  const listener = (host: string, port: number) => tcpSocket({ address: { tag: "tcp", host, port } });
  for (const socket of [listener("127.0.0.1", 0), listener("web.example", 80), listener("1.2.3.999", 80)]) {
    const { names, losses } = generate([richUnit({ sockets: [socket] })], { perUnit: false });
    expect(names).toEqual(["supervisor.service"]);
    expect(losses).toHaveLength(1);
    expect(losses[0]?.why).toStartWith("bound by the supervisor itself");
  }
});

test("a unit that systemd cannot run, or whose name is the supervisor's, is not written", () => {
  const quoted = richUnit({ name: "y" }, { exec: { tag: "program", argv: ["/opt/it's/here"] } });
  const homeless = richUnit({ name: "z" }, { exec: { tag: "script", script: "a.ts", args: [], runtime: "node" } });
  const unknown = richUnit({ name: "x" }, { exec: { tag: "program", argv: [`\${PROGRAM}`] } });
  const { names, losses } = generate([unknown, quoted, homeless, richUnit({ name: "supervisor", sockets: [] })], {
    runtimePaths: { ...BASE.runtimePaths, node: null },
  });
  expect(names.filter((name) => !name.startsWith("supervisor"))).toEqual([]);
  expect(losses.filter(({ key }) => key === "unit").map(({ unit }) => unit)).toEqual(["x", "y", "z", "supervisor"]);
});

test("a oneshot is not told to restart always, which systemd would refuse", () => {
  const { text, losses } = generate([richUnit({}, { type: "oneshot", restart: "always" })]);
  expect(text("api.service")).toContain("Restart=no");
  expect(losses.map(({ key }) => key)).toContain("service.restart");
});

test("a script runs on its runtime with the flags that the supervisor itself gives", () => {
  const exec = { tag: "script", script: "services/main.ts", args: ["run", "api"], runtime: "deno" } as const;
  const { text } = generate([richUnit({}, { exec })], {
    runtimePaths: { ...BASE.runtimePaths, deno: "/usr/bin/deno" },
    root: "/srv/app",
  });
  const line = "ExecStart=/usr/bin/deno run --allow-all --no-prompt --quiet /srv/app/services/main.ts run api";
  expect(text("api.service")).toContain(line);
});

test("the files are the same on Deno, to the byte", () => {
  const script = join(import.meta.dir, "fixtures", "print-files.ts");
  const deno = join(import.meta.dir, "../../node_modules/.bin/deno");
  const flags = ["run", "--allow-all", "--no-config", "--no-lock", "--no-npm", "--no-remote", script];
  const there = execFileSync(deno, flags, { encoding: "utf8", timeout: 30_000 });
  const here = execFileSync(process.execPath, [script], { encoding: "utf8", timeout: 30_000 });
  expect(here).toContain("supervisor.service");
  expect(there).toBe(here);
}, 60_000);

test("a command may fail and may name the main process, as both supervisors read it, and the main command may not", () => {
  const exec = { tag: "program", argv: ["/bin/echo", "$MAINPID"] } as const;
  const execStop = [["-/bin/kill", "-INT", "$MAINPID", "${MAINPID}", "x$MAINPID"]] as const;
  const lines = generate([richUnit(ALONE, { exec, execStop })]).text("api.service");
  expect(lines).toContain("ExecStart=/bin/echo $$MAINPID");
  expect(lines).toContain('ExecStop=-/bin/kill -INT $MAINPID "${MAINPID}" x$$MAINPID');
});

test("a datagram socket gets its owner and nothing that is about connections", () => {
  const address = { tag: "unix", path: "/run/log.sock" } as const;
  const unix = tcpSocket({ kind: "datagram", name: "log", address, socketUser: "daemon", socketGroup: "daemon" });
  const udp = tcpSocket({ kind: "datagram", name: "udp" });
  const { text, files } = generate([richUnit({ ...ALONE, sockets: [unix, udp] })]);
  expect(text("api-log.socket")).toContain("ListenDatagram=/run/log.sock");
  expect(text("api-log.socket")).toEqual(expect.arrayContaining(["SocketUser=daemon", "SocketGroup=daemon"]));
  expect(text("api-udp.socket")).toContain("ListenDatagram=[::1]:8080");
  const keys = [...text("api-log.socket"), ...text("api-udp.socket")].map((line) => line.split("=")[0]);
  for (const key of ["Backlog", "NoDelay", "KeepAlive", "DeferAcceptSec"]) expect(keys).not.toContain(key);
  if (analyze) expect(verify(files)).toBe("");
}, 40_000);
