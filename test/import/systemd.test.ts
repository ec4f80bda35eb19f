// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { readCommands } from "../../supervisor/import/systemd/command.ts";
import { fixture, imported } from "./imported.ts";

const beside = [fixture("systemd/web.service.d/10-limits.conf"), fixture("systemd/web.socket")];
const web = fixture("systemd/web.service");
/** What lines of [Service] come to. */
const service = (lines: string, name = "x.service") => {
  const text = `[Service]\nExecStart=/bin/run\n${lines}\n[Install]\nWantedBy=a.target\n`;
  return imported({ kind: "systemd", main: { file: name, text } });
};

test("a service is carried over with its drop-in, its socket, and its quotes, variables and specifiers filled in", () => {
  const { units, texts } = imported({ kind: "systemd", main: web, beside });
  expect(texts.web).toStartWith("# https://shop.example/manual\n# man:shop(8)\n[unit]\n");
  expect(units.web).toEqual({
    unit: { description: "Shop, the web side" },
    service: {
      type: "notify",
      exec_start: [
        ...["/srv/shop/bin/web", "--port", "${PORT}", "--name", "web.service", "${OPTS}"],
        ...["--level", "${LEVEL:-}", "a b", "A"],
      ],
      exec_start_pre: [["/usr/bin/true"]],
      restart: "on-failure",
      restart_sec: "500ms",
      start_limit_burst: 3,
      start_limit_interval_sec: "60",
      success_exit_status: [143, 75],
      timeout_start_sec: "90s",
      timeout_stop_sec: "1min 30s",
      reload_mode: "signal",
      working_directory: "/",
      environment: { GREETING: "hello there", PORT: "8080", RATE: "100%%", OPTS: "--quiet" },
      inherit_environment: false,
      environment_file: ["-/etc/default/web"],
      user: "shop",
      group: "shop",
      limit_nofile: 65536,
      memory_max: "1G",
      cpu_quota: "150%",
      no_new_privileges: true,
    },
    socket: {
      web: { listen_stream: "127.0.0.1:8080", socket_mode: "0660", no_delay: true },
      "web-2": { listen_stream: "/run/shop.sock", socket_mode: "0660", no_delay: true },
    },
  });
});

test("what has no place in a unit is told by the file, the line and the key it stood under", () => {
  const { lost, changed } = imported({ kind: "systemd", main: web, beside });
  expect(lost).toEqual([
    "web.service:18 RuntimeDirectory",
    "web.service:34 ProtectSystem",
    "web.service:35 PrivateTmp",
    "web.service:4 After",
    "web.service:4 After",
    "web.service:4 After",
    "web.service:5 Requires",
    "web.service:6 Wants",
    "web.service:9 ConditionPathExists",
    "web.socket:6 Mark",
  ]);
  expect(changed).toEqual(["web.service:31 LimitNOFILE", "web.socket:3 FileDescriptorName"]);
});

test("only units that there are here are needed or waited for", () => {
  const text = "[Unit]\nAfter=db.service gone.service\n[Service]\nExecStart=/bin/run\n";
  const { units, lost } = imported({ kind: "systemd", main: { file: "x.service", text } }, { units: new Set(["db"]) });
  expect(units.x.unit).toEqual({ after: ["db"], enabled: false });
  expect(lost).toEqual(["x.service:2 After"]);
});

test("a daemon that goes to the background is not enabled, and it is said why", () => {
  const { units, texts, lost } = imported({ kind: "systemd", main: fixture("systemd/db.service") });
  expect(units.db.unit.enabled).toBe(false);
  expect(texts.db).toContain("stay in the\n# foreground");
  expect(units.db.service.exec_start).toEqual(["/bin/sh", "-c", "exec /usr/sbin/db --daemon $DB_OPTIONS"]);
  expect(lost).toEqual(["db.service:5 Type", "db.service:7 ExecStart", "db.service:6 PIDFile"]);
});

test("of a oneshot with several commands the last is the service, and a template's instances have numbers", () => {
  const { units, changed } = imported({ kind: "systemd", main: fixture("systemd/migrate@.service") });
  expect(units.migrate.service).toMatchObject({
    exec_start: ["/bin/echo", "%i"],
    exec_start_pre: [["/bin/echo", "first"]],
  });
  expect(changed).toEqual(["migrate@.service:? %i"]);
});

test("an instance of a template is a unit whose name and specifiers hold it", () => {
  const { units } = service("Environment=AT=%i OF=%p NAME=%n", "web@8080.service");
  expect(units["web-8080"].service.environment).toEqual({ AT: "8080", OF: "web", NAME: "web@8080.service" });
});

test.each([
  ["Restart=always", { restart: "always" }],
  ["", { type: "simple", restart: "no", timeout_stop_sec: "90s", inherit_environment: false, working_directory: "/" }],
  ["TimeoutSec=5", { timeout_start_sec: "5", timeout_stop_sec: "5" }],
  ["Type=notify", { type: "notify", reload_mode: "restart" }],
  ["Type=notify-reload", { type: "notify", reload_mode: "signal" }],
  ["ExecReload=/bin/reread --now", { reload_mode: "signal", exec_reload: [["/bin/reread", "--now"]] }],
  ["ExecStop=-/bin/kill -INT $MAINPID", { exec_stop: [["-/bin/kill", "-INT", "$MAINPID"]] }],
  ["WorkingDirectory=~", { working_directory: "${HOME}" }],
  ["KillMode=process\nKillSignal=SIGQUIT", { kill_mode: "process", kill_signal: "SIGQUIT" }],
  ["LoadCredential=db:/etc/keys/db", { load_credential: { db: "/etc/keys/db" } }],
  ["Environment=A=1\nEnvironment=\nEnvironment=B=2", { environment: { B: "2" } }],
  ["UMask=0027\nNice=5\nOOMScoreAdjust=-100", { umask: "0027", nice: 5, oom_score_adjust: -100 }],
  ["FileDescriptorStoreMax=4224", { file_descriptor_store_max: 4096 }],
  ["LimitCORE=infinity\nTasksMax=100", { limit_core: "infinity", tasks_max: 100 }],
])("%s", (lines, wanted) => {
  expect(service(lines).units.x.service).toMatchObject(wanted);
});

const known = {
  name: { full: "x.service", prefix: "x", instance: null },
  variables: new Map([
    ["ONE", "1"],
    ["TWO", "a b"],
    ["NO", ""],
  ]),
};
test.each<[string, readonly string[]]>([
  ["/bin/a $ONE $TWO $NO b", ["/bin/a", "${ONE}", "a", "b", "b"]],
  ["/bin/a ${ONE}x ${AWAY} x$ONE $$HOME", ["/bin/a", "${ONE}x", "${AWAY:-}", "x$ONE", "$HOME"]],
  [`/bin/a "b \\"c\\"" 'd "e"' f\\x20g`, ["/bin/a", 'b "c"', 'd "e"', "f g"]],
  [`/bin/a "it's" $AWAY`, ["/bin/sh", "-c", "exec /bin/a 'it'\\''s' $AWAY"]],
  ["/bin/a 100%% %H", ["/bin/a", "100%%", "%%H"]],
  [":/bin/a ${ONE}", ["/bin/a", "${LITERAL:-$}{ONE}"]],
  ["@/bin/a b c", ["/bin/a", "c"]],
  ["/bin/a ';' b", ["/bin/a", ";", "b"]],
])("%s", (line, argv) => {
  expect(readCommands(line, known).map((command) => command.argv)).toEqual([argv]);
});

test("a line of several commands is several, and a prefix says which may fail", () => {
  const commands = readCommands("-/bin/a b ; +/bin/c", known);
  expect(commands.map(({ argv, isTolerant }) => [argv, isTolerant])).toEqual([
    [["/bin/a", "b"], true],
    [["/bin/c"], false],
  ]);
  expect(commands[1]?.lost).toHaveLength(1);
});

test("a socket that starts a process for each connection is no unit to start", () => {
  const socket = { file: "x.socket", text: "[Socket]\nListenStream=7\nAccept=yes\n" };
  const main = { file: "x.service", text: "[Service]\nExecStart=/bin/cat\n[Install]\nWantedBy=a.target\n" };
  const { units, lost } = imported({ kind: "systemd", main, beside: [socket] });
  expect(units.x.socket).toBeUndefined();
  expect(units.x.unit.enabled).toBe(false);
  expect(lost).toEqual(["x.socket:3 Accept"]);
});

test("datagrams have no backlog, an abstract socket no path", () => {
  const text = "[Socket]\nListenDatagram=514\nBacklog=9\nListenStream=@x\nFileDescriptorName=log\n";
  const main = { file: "x.service", text: "[Service]\nExecStart=/bin/cat\n" };
  const { units, lost } = imported({ kind: "systemd", main, beside: [{ file: "x.socket", text }] });
  expect(units.x.socket).toEqual({ log: { listen_datagram: "514" } });
  expect(lost).toEqual(["x.socket:4 ListenStream"]);
});

test("a policy that there is not is told, and nothing is restarted", () => {
  expect(service("Restart=sometimes")).toMatchObject({
    units: { x: { service: { restart: "no" } } },
    lost: ["x.service:3 Restart"],
  });
});

test("a drop-in alone is no service", () => {
  const main = { file: "override.conf", text: "[Service]\nPrivateTmp=yes\n" };
  expect(imported({ kind: "systemd", main })).toMatchObject({ units: {}, lost: ["override.conf:1 ExecStart"] });
});
