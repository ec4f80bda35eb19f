/** As `config reload`, under systemd's name. Source: systemctl(1), daemon-reload. */
export { reload as run } from "./config.ts";
