/**
 * The file of a new unit: what it has to say, and in comments the keys that are wanted most, each with its default or an example.
 * Why lines of `# key = value` alone: whoever takes the "# " away has a file that `check` accepts.
 */
export function unitTemplate(name: string): string {
  return `# Every key is in docs/unit-file.md. A key in a comment has its default, or is an example.

[unit]
description = "${name}"
# requires = [] # units that must be up first; also wants, after, before, binds_to, part_of, conflicts
# enabled = true # started with the supervisor; false: only by \`supervisor start ${name}\`

[service]
# type = "simple" # notify: it says READY=1 itself; oneshot: up when its work is done; exec
exec_start = ["/bin/sh", "-c", "echo ${name} runs; exec sleep infinity"] # or script = "main.ts", on bun, deno or node
# exec_start_pre = [] # commands before each start, such as [["bun", "migrate.ts"]]
# instances = 1
# restart = "always" # no | on-failure | on-success | on-abnormal | on-watchdog | on-abort
# restart_sec = "100ms" # the pause before a restart
# restart_steps = 5 # in so many restarts it grows to restart_max_delay_sec
# restart_max_delay_sec = "30s"
# timeout_start_sec = "30s"
# timeout_stop_sec = "30s" # then SIGKILL
# working_directory = "%r" # %r is the root, %t the state directory, %n the unit, %i the instance
# environment = { PORT = "8080" }
# environment_file = ["-.env"] # "-": may be missing
# user = ""
# memory_max = "infinity" # such as "512M"
# cpu_quota = "infinity" # such as "150%"

# A listener that the supervisor holds and lends: while the service restarts, clients wait; a reload fails no request.
# [socket.http]
# listen_stream = "127.0.0.1:8080"

# Ready when this passes; also probe.startup and probe.liveness, which restarts it.
# [probe.readiness]
# tcp_socket = "127.0.0.1:8080" # or http_get = "http://…", exec = ["…"], listener = "http" with path = "/readyz"
# period = "10s"

# [handover]
# drain_sec = "30s" # how long the old generation may take to finish what it does

# [output]
# max_size = "10M" # a file of this size is rotated
# max_files = 5
`;
}
