import type { Socket, Unit } from "../../unit/unit.ts";
import type { Template } from "./template.ts";
import { comment, type Entry, namePart, plain, section, span } from "./text.ts";

/** Whom a socket unit works for, what its descriptor is called there, and who must be gone before it binds. */
export type Receiver = Readonly<{ prefix: string; service: string; descriptor: string; rivals: readonly string[] }>;

/** A socket unit as a file. */
export type SocketFile = Readonly<{ filename: string; text: string }>;

/** Writes the socket unit of one listener, or `null` and a loss when systemd cannot bind it. `taken`: names not to use again. */
export function socketUnit(
  { unit, socket, template }: Readonly<{ unit: Unit; socket: Socket; template: Template }>,
  receiver: Receiver,
  taken: ReadonlySet<string>,
): SocketFile | null {
  const key = `socket.${socket.name}`;
  const listen = listenValue(socket, template, key);
  if (listen === null) return null;
  if (!DESCRIPTOR.test(receiver.descriptor)) {
    template.lose(key, `left out: systemd takes no descriptor name like ${JSON.stringify(receiver.descriptor)}`);
    return null;
  }
  const text = [
    comment([`Listener ${socket.name} of unit ${unit.name}, from ${unit.file}.`]),
    section("Unit", [
      ["Description", plain(`${unit.name}: listener ${socket.name}`)],
      ["Conflicts", receiver.rivals.join(" ")],
      ["Before", receiver.rivals.join(" ")],
    ]),
    section("Socket", [
      [socket.kind === "stream" ? "ListenStream" : "ListenDatagram", plain(listen)],
      ["FileDescriptorName", plain(receiver.descriptor)],
      ["Service", receiver.service],
      ...socketEntries(socket),
    ]),
    section("Install", [["WantedBy", "sockets.target"]]),
  ].join("\n");
  return { filename: socketFilename(unit.name, socket.name, receiver.prefix, taken), text };
}

/** Any printable ASCII but ":". Source: systemd.socket(5), FileDescriptorName=. */
const DESCRIPTOR = /^[!-9;-~]{1,255}$/;

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** sun_path holds 108 bytes, one of them the closing zero. */
const LONGEST_PATH = 107;

function listenValue({ address }: Socket, template: Template, key: string): string | null {
  if (address.tag === "template" && !address.text.includes("/")) {
    template.lose(key, "left out: its address holds a placeholder, and systemd fills in none");
    return null;
  }
  if (address.tag !== "tcp") {
    const path = template.path(key, address.tag === "unix" ? address.path : address.text);
    if (path === null || path.length <= LONGEST_PATH) return path;
    template.lose(key, `left out: the path is longer than ${LONGEST_PATH} bytes`);
    return null;
  }
  const host = address.host === "localhost" ? "127.0.0.1" : address.host;
  if (address.port === 0) template.lose(key, "left out: systemd binds no random port");
  else if (host === "") return String(address.port);
  else if (host.includes(":")) return `[${host}]:${address.port}`;
  else if (IPV4.test(host)) return `${host}:${address.port}`;
  else template.lose(key, `left out: systemd looks up no host name, and ${host} is one`);
  return null;
}

function socketEntries(socket: Socket): readonly Entry[] {
  const stream = socket.kind === "stream";
  const tcp = socket.address.tag === "tcp";
  return [
    ["Backlog", stream ? String(socket.backlog) : null],
    ["SocketMode", tcp ? null : socket.socketMode.toString(8).padStart(4, "0")],
    ["SocketUser", tcp ? null : plain(socket.socketUser)],
    ["SocketGroup", tcp ? null : plain(socket.socketGroup)],
    ["BindIPv6Only", tcp && socket.bindIpv6Only !== "default" ? socket.bindIpv6Only : null],
    ["FreeBind", tcp && socket.freeBind ? "yes" : null],
    ["ReusePort", tcp && socket.reusePort ? "yes" : null],
    ["NoDelay", tcp && stream && socket.noDelay ? "yes" : null],
    ["KeepAlive", tcp && stream && socket.keepAlive ? "yes" : null],
    ["DeferAcceptSec", tcp && stream && socket.deferAcceptMs > 0 ? span(socket.deferAcceptMs) : null],
  ];
}

/** `a` with `b-c` and `a-b` with `c` would meet in one name: the second has its own dashes escaped. */
function socketFilename(unit: string, socket: string, prefix: string, taken: ReadonlySet<string>): string {
  const parts = [unit, socket].map(namePart);
  const simple = `${prefix}${parts.join("-")}.socket`;
  return taken.has(simple) ? `${prefix}${parts.map((part) => part.replaceAll("-", "\\x2d")).join("-")}.socket` : simple;
}
