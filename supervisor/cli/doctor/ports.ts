import { lstatSync } from "node:fs";
import { connect, createServer } from "node:net";
import { formatAddress } from "../../unit/address.ts";
import { faultLine, type Outcome } from "../../unit/fault.ts";
import type { Status } from "../../unit/status.ts";
import type { BindableSocket, Unit } from "../../unit/unit.ts";
import { bad, type Finding, well } from "./finding.ts";

const LIMIT_MS = 2000;

/** Gives a unit's sockets with their placeholders filled in. */
type Bind = (unit: Unit) => Outcome<readonly BindableSocket[]>;

/** Looks whether every listener of an enabled unit is ours already, or could be bound now. Nothing stays bound. */
export async function checkPorts(
  units: readonly Unit[],
  status: Status | null,
  bind: Bind,
): Promise<readonly Finding[]> {
  const ours = (status?.units ?? []).flatMap(({ name, listeners }) => listeners.map((one) => `${name} ${one.name}`));
  const held = new Set(ours);
  const findings: Finding[] = [];
  for (const unit of units.filter((each) => each.enabled)) {
    const sockets = bind(unit);
    if (!sockets.ok) {
      const fix = "set the variable, or give the placeholder a default";
      findings.push(bad(`port ${unit.name}`, faultLine(sockets.faults[0]), fix));
    }
    for (const socket of sockets.ok ? sockets.value : []) {
      const check = `port ${unit.name}/${socket.name}`;
      const isHeld = held.has(`${unit.name} ${socket.name}`);
      if (isHeld) findings.push(well(check, `${formatAddress(socket.address)} is held by the supervisor`));
      else findings.push(...(await checkSocket(check, socket)));
    }
  }
  return findings;
}

async function checkSocket(check: string, socket: BindableSocket): Promise<readonly Finding[]> {
  const { address, kind, reusePort } = socket;
  if (address.tag === "unix") return checkPath(check, address.path);
  if (kind !== "stream" || address.port === 0 || reusePort) return [];
  const shown = formatAddress(address);
  const code = await tryToBind(address.host, address.port);
  if (code === null) return [well(check, `${shown} is free`)];
  if (code === "EADDRINUSE") {
    return [
      bad(check, `${shown} is in use by somebody else`, `find out who with: ss -ltnp 'sport = :${address.port}'`),
    ];
  }
  const fix =
    code === "EACCES"
      ? "run as root, choose a port of 1024 or more, or lower net.ipv4.ip_unprivileged_port_start"
      : "choose an address that this machine has (see: ip address), or set free_bind = true";
  return [bad(check, `${shown} cannot be bound (${code})`, fix)];
}

/** What is not in the file system (`@name`) leaves nothing behind that could be looked at. */
async function checkPath(check: string, path: string): Promise<readonly Finding[]> {
  if (!path.startsWith("/")) return [];
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [well(check, `${path} is free`)];
  if (!stat.isSocket())
    return [bad(check, `${path} is there already and is no socket`, "move it away, or choose another path")];
  if (await answers(path))
    return [bad(check, `somebody else listens on ${path}`, `find out who with: ss -lxp src ${path}`)];
  return [well(check, `${path} was left behind by a dead process, and will be replaced`)];
}

/** The error's code, or null when it could be bound. */
function tryToBind(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, ...(host !== "" && { host }), exclusive: true }, () => server.close(() => resolve(null)));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (isAnswered: boolean): void => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.setTimeout(LIMIT_MS, () => end(true));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
