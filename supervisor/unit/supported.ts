import { isSame } from "./same.ts";
import { type Issue, rawTable } from "./schema/issue.ts";

/** Keys that do what they say. */
export const effective: readonly string[] = [
  ...under("unit", "description enabled requires wants after before binds_to part_of conflicts"),
  ...under("service", "type script args runtime exec_start instances watchdog_sec runtime_max_sec"),
  ...under("service", "exec_start_pre exec_start_post exec_reload exec_stop exec_stop_post"),
  ...under(
    "service",
    "restart restart_sec restart_steps restart_max_delay_sec start_limit_burst start_limit_interval_sec",
  ),
  ...under("service", "success_exit_status restart_prevent_exit_status restart_force_exit_status"),
  ...under(
    "service",
    "timeout_start_sec timeout_stop_sec kill_signal final_kill_signal send_sigkill kill_mode reload_mode",
  ),
  ...under("service", "file_descriptor_store_max"),
  ...under("service", "working_directory environment inherit_environment environment_file config load_credential"),
  ...under("service", "load_credential_encrypted"),
  ...under("service", "user group supplementary_groups umask nice oom_score_adjust no_new_privileges"),
  ...under("service", "memory_max cpu_quota tasks_max"),
  ...under("service", "limit_as limit_core limit_cpu limit_data limit_fsize limit_locks limit_memlock limit_msgqueue"),
  ...under(
    "service",
    "limit_nice limit_nofile limit_nproc limit_rss limit_rtprio limit_rttime limit_sigpending limit_stack",
  ),
  ...under("socket.*", "listen_stream listen_datagram backlog socket_mode socket_user socket_group"),
  ...under("socket.*", "reuse_port free_bind no_delay keep_alive defer_accept_sec bind_ipv6_only"),
  ...under("probe.*", "http_get tcp_socket exec listener path"),
  ...under("probe.*", "initial_delay period timeout failure_threshold success_threshold"),
  ...under("handover", "soak_sec drain_sec"),
  ...under("output", "max_size max_age max_files compress timestamps"),
];

/** Keys that are read and checked, but have no effect yet: a file that sets one to more than its default is refused. There is none. */
export const notYet: readonly string[] = [];

type Reader = Readonly<{ safeParse(raw: unknown): Readonly<{ success: boolean; data?: unknown }> }>;
type Sections = Readonly<Record<string, Readonly<Record<string, Reader>>>>;

/**
 * Finds what the user asks for and would not get.
 * Shape: `compress = false` is its default and passes; `compress = true` → "not supported yet".
 * Why: a setting that is silently ignored is worse than one that is refused.
 */
export function unsupported(document: unknown, sections: Sections, keys = notYet): readonly Issue[] {
  return Object.entries(sections).flatMap(([section, readers]) =>
    tables(document, section).flatMap(([path, table]) =>
      Object.entries(readers).flatMap(([key, reader]): Issue[] => {
        const isEffective = !keys.includes(`${section}.${key}`);
        if (isEffective || !Object.hasOwn(table, key) || isAccepted(reader, table[key])) return [];
        return [{ path: [...path, key], message: "not supported yet", code: "not-supported" }];
      }),
    ),
  );
}

function isAccepted(reader: Reader, raw: unknown): boolean {
  const read = reader.safeParse(raw);
  // What cannot be read is a fault of its own, and reported as that.
  return !read.success || isSame(read.data, reader.safeParse(undefined).data);
}

/** The tables of the document that a section's name stands for. Shape: `socket.*` → every `[socket.NAME]`. */
function tables(
  document: unknown,
  section: string,
): readonly (readonly [string[], Readonly<Record<string, unknown>>])[] {
  const [top = "", star] = section.split(".");
  const table = rawTable(rawTable(document)[top]);
  if (star === undefined) return [[[top], table]];
  return Object.entries(table).map(([name, inner]) => [[top, name], rawTable(inner)]);
}

function under(section: string, keys: string): readonly string[] {
  return keys.split(" ").map((key) => `${section}.${key}`);
}
