/** The sections of a unit file, in the order in which they are written; `*` stands for a name. */
export const sectionOrder = ["unit", "service", "socket.*", "probe.*", "handover", "output"] as const;

/** Every key of each section, in the order in which a person reads them: what it is, what runs, its life, its surroundings, its limits. */
export const keyOrder: Readonly<Record<(typeof sectionOrder)[number], readonly string[]>> = {
  unit: words("description requires binds_to wants after before part_of conflicts enabled"),
  service: [
    ...words("type script args runtime exec_start exec_start_pre exec_start_post exec_reload exec_stop exec_stop_post"),
    ...words("instances restart restart_sec restart_steps restart_max_delay_sec"),
    ...words("start_limit_burst start_limit_interval_sec"),
    ...words("success_exit_status restart_prevent_exit_status restart_force_exit_status"),
    ...words("timeout_start_sec timeout_stop_sec watchdog_sec runtime_max_sec"),
    ...words("kill_signal final_kill_signal send_sigkill kill_mode reload_mode file_descriptor_store_max"),
    ...words("working_directory environment inherit_environment environment_file"),
    ...words("config load_credential load_credential_encrypted"),
    ...words("user group supplementary_groups umask nice oom_score_adjust"),
    ...words("limit_as limit_core limit_cpu limit_data limit_fsize limit_locks limit_memlock limit_msgqueue"),
    ...words("limit_nice limit_nofile limit_nproc limit_rss limit_rtprio limit_rttime limit_sigpending limit_stack"),
    ...words("memory_max cpu_quota tasks_max no_new_privileges"),
  ],
  "socket.*": [
    ...words("listen_stream listen_datagram backlog socket_mode socket_user socket_group"),
    ...words("reuse_port free_bind no_delay keep_alive defer_accept_sec bind_ipv6_only"),
  ],
  "probe.*": [
    ...words("http_get tcp_socket exec listener path"),
    ...words("initial_delay period timeout failure_threshold success_threshold"),
  ],
  handover: words("soak_sec drain_sec"),
  output: words("max_size max_age max_files compress timestamps"),
};

function words(text: string): readonly string[] {
  return text.split(" ");
}
