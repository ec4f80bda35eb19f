import type { Draft, Source } from "../draft.ts";
import { flagOf } from "../raw.ts";
import { fill, nameOf } from "./specifier.ts";
import { readSettings, type Setting } from "./syntax.ts";

/** Gives a unit the listeners of a `.socket` file, one for each address. Source: systemd.socket(5). */
export function importSocket(draft: Draft, source: Source): void {
  const settings = readSettings(source).filter(({ section }) => section === "Socket");
  const last = (key: string): Setting | undefined => settings.findLast((setting) => setting.key === key);
  const accept = last("Accept");
  if (accept !== undefined && flagOf(accept.value) === true) {
    draft.lose("Accept", accept, "no process is started for each connection: the service has to accept by itself");
    draft.set("unit", "enabled", false, "it was started for each connection");
    return;
  }
  const name = last("FileDescriptorName")?.value ?? nameOf(source.file).prefix;
  const addresses = settings.filter(({ key }) => key in LISTENS);
  for (const [index, setting] of addresses.entries()) {
    const section = `socket.${index === 0 ? name : `${name}-${index + 1}`}`;
    if (!addAddress(draft, section, setting)) continue;
    addOptions(draft, section, settings, LISTENS[setting.key] === "listen_datagram");
  }
  if (addresses.length > 1) {
    draft.change("FileDescriptorName", addresses[1], "each listener has a name of its own in LISTEN_FDNAMES");
  } else if (last("FileDescriptorName") === undefined && addresses[0] !== undefined) {
    draft.change("FileDescriptorName", addresses[0], `LISTEN_FDNAMES says ${name}, not ${nameOf(source.file).full}`);
  }
  for (const setting of settings.filter(({ key }) => !(key in LISTENS) && !(key in OPTIONS) && !SILENT.has(key))) {
    draft.lose(setting.key, setting, "no key of a [socket.NAME] says it");
  }
}

const LISTENS: Readonly<Record<string, string>> = { ListenStream: "listen_stream", ListenDatagram: "listen_datagram" };

const OPTIONS: Readonly<Record<string, readonly [key: string, as: "count" | "text" | "flag"]>> = {
  Backlog: ["backlog", "count"],
  SocketMode: ["socket_mode", "text"],
  SocketUser: ["socket_user", "text"],
  SocketGroup: ["socket_group", "text"],
  ReusePort: ["reuse_port", "flag"],
  FreeBind: ["free_bind", "flag"],
  NoDelay: ["no_delay", "flag"],
  KeepAlive: ["keep_alive", "flag"],
  DeferAcceptSec: ["defer_accept_sec", "text"],
  BindIPv6Only: ["bind_ipv6_only", "text"],
};

const SILENT: ReadonlySet<string> = new Set(["FileDescriptorName", "Service", "Accept", "RemoveOnStop", "Symlinks"]);
const OF_CONNECTIONS: ReadonlySet<string> = new Set(["backlog", "no_delay", "keep_alive", "defer_accept_sec"]);

function addAddress(draft: Draft, section: string, setting: Setting): boolean {
  const { text, unknown } = fill(setting.value, nameOf(setting.file));
  const why = text.startsWith("@")
    ? "an abstract socket has no owner and no mode; name a path"
    : /^vsock:/.test(text)
      ? "there is no listener for virtual machines"
      : unknown.length > 0
        ? `${unknown.join(", ")} has no meaning here`
        : null;
  if (why !== null) draft.lose(setting.key, setting, why);
  else draft.set(section, LISTENS[setting.key] ?? "", text);
  return why === null;
}

function addOptions(draft: Draft, section: string, settings: readonly Setting[], isDatagram: boolean): void {
  for (const { key, value } of settings) {
    const [ours, as] = OPTIONS[key] ?? ["", "text"];
    if (ours === "" || (isDatagram && OF_CONNECTIONS.has(ours))) continue;
    draft.set(section, ours, as === "count" ? Number(value) : as === "flag" ? flagOf(value) === true : value);
  }
}
