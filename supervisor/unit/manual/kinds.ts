// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import type { Kind } from "../schema/kind.ts";

/** How each kind of value is written in a unit file, in inline Markdown. Only what tells of units loads this: no start does. */
export const kindTexts: Readonly<Record<Kind, string>> = {
  span: 'as in systemd: `"100ms"`, `"1min 30s"`, `"infinity"`, or a number of seconds',
  size: '`"64M"` (B, K, M, G, T count in 1024s), `"infinity"`, or a number of bytes',
  limit: 'a number, a size such as `"64M"`, or `"infinity"`',
  count: 'a number from 1, or `"infinity"`',
  percentage: '`"150%"`, or `"infinity"`',
  octal: 'a string: `"0660"`',
  signal: '`"SIGTERM"`, `"TERM"`, or its number',
  status: 'an exit code from 0 to 255 or a signal; several of them: `[0, 143, "SIGUSR1"]`',
  template:
    "a string in which `%n` is the unit, `%i` the instance, `%r` the root, `%R` the same where it is meant that a [release](releases.md) takes its place, `%t` the state directory, `%%` a percent sign; `${VAR}`, `${VAR:-default}`",
  command: 'a program and its arguments, each a template: `["bun", "migrate.ts"]`; no shell',
  address:
    '`"127.0.0.1:8080"`, `"[::1]:8080"`, `8080` (every address), or a path for a unix socket; any of them as a template',
  "host:port": '`"127.0.0.1:6379"`, `"[::1]:6379"`; `"6379"` is a port of this machine',
};
