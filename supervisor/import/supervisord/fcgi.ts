import { parseAddress } from "../../unit/address.ts";
import { literal } from "../template.ts";
import { expand } from "./expand.ts";
import { change, given, lose, type Program } from "./program.ts";

/**
 * Gives a FastCGI program its listener.
 * Why the shell: FastCGI takes its listener as descriptor 0, the supervisor lends it as 3.
 * Source: supervisord.org/configuration.html, [fcgi-program:x]; the FastCGI specification, 2.2.
 */
export function addSocket(program: Program): void {
  const { draft } = program;
  const { text } = expand(given(program, "socket") ?? "", program.meaning);
  const [, kind, rest = ""] = /^(tcp|unix):\/\/(.+)$/.exec(text) ?? [];
  if (kind === undefined || parseAddress(rest) === null) {
    lose(program, "socket", "is no tcp://HOST:PORT and no unix:///PATH");
    return;
  }
  draft.set("socket.fcgi", "listen_stream", literal(rest));
  const [user = "", group] = (given(program, "socket_owner") ?? "").split(":");
  if (kind === "unix") {
    draft.set("socket.fcgi", "socket_mode", (given(program, "socket_mode") ?? "0700").padStart(4, "0"));
    if (user !== "") draft.set("socket.fcgi", "socket_user", user);
    if (group !== undefined) draft.set("socket.fcgi", "socket_group", group);
  }
  const backlog = Number(given(program, "socket_backlog") ?? Number.NaN);
  if (backlog > 0) draft.set("socket.fcgi", "backlog", backlog);
  const words = draft.get("service", "exec_start");
  const note = "FastCGI takes the listener as descriptor 0";
  draft.set(
    "service",
    "exec_start",
    ["/bin/sh", "-c", 'exec "$0" "$@" <&3 3<&-', ...(Array.isArray(words) ? words : [])],
    note,
  );
  change(program, "socket", "the supervisor holds it and lends it as descriptor 3; a shell makes it 0");
}
