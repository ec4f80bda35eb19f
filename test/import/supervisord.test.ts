// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { fixture, imported } from "./imported.ts";

const whole = () =>
  imported({
    kind: "supervisord",
    main: fixture("supervisord/supervisord.conf"),
    beside: [fixture("supervisord/conf.d/cron.ini")],
  });
const one = (lines: string) =>
  imported({ kind: "supervisord", main: { file: "s.conf", text: `[program:x]\ncommand=run\n${lines}\n` } });

test("a program keeps its words, its surroundings, its stop and its output's limits", () => {
  expect(whole().units.web).toEqual({
    service: {
      exec_start: [
        "/srv/shop/venv/bin/gunicorn",
        "shop.wsgi:application",
        "--bind",
        "127.0.0.1:8000",
        "--workers",
        "2",
      ],
      restart: "always",
      restart_sec: "1s",
      start_limit_burst: 4,
      start_limit_interval_sec: "26s",
      timeout_stop_sec: "10s",
      kill_signal: "SIGINT",
      environment: { DJANGO_SETTINGS_MODULE: "shop.settings", MOTTO: "a, b and 100%%", HOME: "/srv/shop" },
      user: "www-data",
    },
    output: { max_size: "20M", max_files: 3 },
  });
});

test("processes are instances, or units of their own where the number of each stands in what it runs", () => {
  const { units } = whole();
  expect(units.worker.service).toMatchObject({ instances: 4, success_exit_status: [2], timeout_stop_sec: "3600s" });
  expect(units.shard_1.service.exec_start).toEqual(["/srv/shop/shard", "--port=9001", "--log=${LOG_DIR}"]);
  expect(units.shard_2.service.exec_start[1]).toBe("--port=9002");
  expect(units.shard_2.unit.enabled).toBe(false);
});

test("a FastCGI program gets its listener as descriptor 0, with its owner and mode", () => {
  const { php } = whole().units;
  expect(php.service.exec_start).toEqual(["/bin/sh", "-c", 'exec "$0" "$@" <&3 3<&-', "php-cgi"]);
  expect(php.socket.fcgi).toEqual({
    listen_stream: "/run/shop/php.sock",
    socket_mode: "0660",
    socket_user: "www-data",
    socket_group: "www-data",
  });
});

test("lower priorities start first", () => {
  const { units } = whole();
  expect(units.web.unit).toBeUndefined();
  expect(units.cron.unit.after).toEqual(["web"]);
  expect(units.worker.unit.after).toEqual(["cron"]);
});

test("what has no place in a unit is told once, by file, line and key", () => {
  const { lost, changed } = whole();
  expect(lost).toEqual([
    "supervisord.conf:2 [unix_http_server]",
    "supervisord.conf:51 [eventlistener:memmon]",
    "supervisord.conf:55 [group:shop]",
    "supervisord.conf:25 stdout_logfile",
  ]);
  expect(changed).toEqual([
    "supervisord.conf:20 startsecs",
    "supervisord.conf:41 numprocs",
    "supervisord.conf:47 socket",
  ]);
});

test.each([
  ["autorestart=false", { restart: "no" }],
  ["autorestart=true", { restart: "always" }],
  ["", { restart: "on-failure", kill_mode: "mixed", start_limit_burst: 4, start_limit_interval_sec: "10s" }],
  ["exitcodes=1", { success_exit_status: [1], restart_force_exit_status: [0] }],
  ["stopasgroup=true", { restart: "on-failure" }],
  ["killasgroup=true", { kill_mode: "mixed" }],
  ["umask=22", { umask: "022" }],
  ["stopsignal=QUIT", { kill_signal: "SIGQUIT" }],
  ["startretries=0\nstartsecs=0", { start_limit_burst: 1, start_limit_interval_sec: "0s" }],
  ['environment=A=b/c,B="x=\\"y\\"",C=%(program_name)s', { environment: { A: "b/c", B: 'x="y"', C: "x" } }],
])("%s", (lines, service) => {
  expect(one(lines).units.x.service).toMatchObject(service);
});

test("stopasgroup is the unit's own way", () => {
  expect(one("stopasgroup=true").units.x.service.kill_mode).toBeUndefined();
});

test("a quote that does not end, an unknown key and an unknown expansion are told", () => {
  const { lost } = one("colour=red\ndirectory=%(host_node_name)s");
  expect(lost).toEqual(["s.conf:4 directory", "s.conf:3 colour"]);
  const broken = imported({ kind: "supervisord", main: { file: "s.conf", text: "[program:x]\ncommand='a\n" } });
  expect(broken).toMatchObject({ units: {}, lost: ["s.conf:1 [program:x]"] });
});

test("a container's endless log, which is no file, does not become a file without an end", () => {
  expect(one("stdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0").units.x.output).toBeUndefined();
  expect(one("stdout_logfile=/var/log/x\nstdout_logfile_maxbytes=0").units.x.output).toEqual({ max_size: "infinity" });
});
