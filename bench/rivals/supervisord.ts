import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contender, Program } from "./contender.ts";
import { missingOf } from "./installed.ts";
import { quoted } from "./quoted.ts";

export const supervisord: Contender = {
  name: "supervisord",
  missing: () => missingOf("supervisord", "supervisorctl"),
  pause: "startsecs=0, autorestart=true",
  order(folder, programs) {
    const file = join(folder, "supervisord.conf");
    mkdirSync(join(folder, "logs"));
    writeFileSync(file, [head(folder), ...programs.map((program) => section(folder, program))].join("\n"));
    return { start: ["supervisord", "-c", file], status: ["supervisorctl", "-c", file, "status"], output: "logs" };
  },
};

const head = (folder: string) => `[supervisord]
nodaemon=true
logfile=${folder}/supervisord.log
pidfile=${folder}/supervisord.pid
childlogdir=${folder}/logs
minfds=4096
[unix_http_server]
file=${folder}/supervisord.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${folder}/supervisord.sock
`;

/** A `%` begins a placeholder there. */
const section = (folder: string, { name, argv }: Program) => `[program:${name}]
command=${quoted(argv).replaceAll("%", "%%")}
autorestart=true
startsecs=0
redirect_stderr=true
stdout_logfile=${folder}/logs/${name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1000
`;
