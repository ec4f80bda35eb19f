import { parseAddress } from "../../unit/address.ts";
import type { Address, Socket, Unit } from "../../unit/unit.ts";
import type { Lose } from "../loss.ts";
import { PRIVATE } from "./bundled.ts";
import { type Filling, isKnown } from "./text.ts";

/** A port of a container. `host`: the address that the unit binds on its own machine. Shape: `{ name: "http", port: 8080 }`. */
export type Port = Readonly<{ listener: string; name: string; port: number; protocol: "TCP" | "UDP"; host: string }>;

/** The listeners of a unit as ports. Nobody lends a listener in a container: what cannot be a port of its own is lost. */
export function portsOf(unit: Unit, filling: Filling, lose: Lose): readonly Port[] {
  const ports: Port[] = [];
  for (const socket of unit.sockets) {
    const key = `socket.${socket.name}`;
    const address = addressOf(socket, filling, key);
    if (address?.tag !== "tcp")
      lose(key, address === null ? "left out: its address is known only where it runs" : UNIX);
    else if (address.port === 0) lose(key, "left out: a container needs a port that is known");
    else if (ports.some(({ port, protocol }) => port === address.port && protocol === protocolOf(socket)))
      lose(key, `left out: another listener has port ${address.port}, and a container has one address`);
    else ports.push({ ...addressed(socket, address), name: portName(socket.name, ports) });
  }
  return ports;
}

/** A port for who asks the process itself. */
export function privatePort(ports: readonly Port[]): Port {
  const taken = new Set(ports.map(({ port }) => port));
  let port = 8081;
  while (taken.has(port)) port += 1;
  return { listener: PRIVATE, name: portName(PRIVATE, ports), port, protocol: "TCP", host: "" };
}

const UNIX = "left out: a unix socket is seen in its own container only";

function addressOf({ address }: Socket, filling: Filling, key: string): Address | null {
  if (address.tag !== "template") return address;
  const text = filling.fill(key, address.text);
  return isKnown(text) ? parseAddress(text) : null;
}

const protocolOf = ({ kind }: Socket): Port["protocol"] => (kind === "stream" ? "TCP" : "UDP");

function addressed(socket: Socket, { host, port }: Readonly<{ host: string; port: number }>) {
  return { listener: socket.name, port, protocol: protocolOf(socket), host };
}

/** At most 15 of a-z, 0-9 and "-", with a letter. Source: Kubernetes, ContainerPort.name, IANA_SVC_NAME. */
function portName(listener: string, ports: readonly Port[]): string {
  const plain = listener.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const short = plain.replace(/^-+/, "").slice(0, 12).replace(/-+$/, "");
  const base = /[a-z]/.test(short) ? short : `p-${short}`.replace(/-$/, "");
  const taken = new Set(ports.map(({ name }) => name));
  let name = base;
  for (let count = 2; taken.has(name); count += 1) name = `${base}-${count}`;
  return name;
}
