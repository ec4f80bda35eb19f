import { resolvePath } from "../../unit/path.ts";
import type { Argv, Runtime, Unit } from "../../unit/unit.ts";
import type { Lose } from "../loss.ts";
import { type Bundled, bundledMode, PRIVATE, probesOf } from "./bundled.ts";
import { labelOf } from "./label.ts";
import { type ContainerOptions, CREDENTIALS, ROOT } from "./options.ts";
import { type Port, portsOf, privatePort } from "./ports.ts";
import { createFilling, type Filling } from "./text.ts";

/** A unit as something that runs in a container of its own, without the supervisor. Texts may hold marks, see text.ts. */
export type Workload = Readonly<{
  unit: Unit;
  /** A DNS label that begins with a letter. */
  name: string;
  /** Shape: `ghcr.io/acme/api:1.4.0`. */
  image: string;
  /** Null: a program, of which nobody knows what it needs. */
  runtime: Exclude<Runtime, "auto"> | null;
  argv: Argv;
  cwd: string;
  /** In order: each may use those before it. */
  environment: readonly Readonly<{ name: string; value: string }>[];
  filling: Filling;
  /** Those of the listeners, then the private one, if it is asked. */
  ports: readonly Port[];
  probes: Unit["probes"];
  bundled: Bundled | null;
  lose: Lose;
}>;

/** Makes the workload of a unit. */
export function workloadOf(unit: Unit, options: ContainerOptions, lose: Lose): Workload {
  const filling = createFilling(unit, lose);
  for (const [name, value] of knownPlace(unit)) filling.set(name, value);
  const own = Object.entries(unit.service.environment).map(([name, template]) => {
    const value = filling.fill(`service.environment.${name}`, template);
    filling.set(name, value);
    return { name, value };
  });
  const listeners = portsOf(unit, filling, lose);
  const probes = probesOf(unit);
  const isAsked = Object.values(probes).some(({ ask }) => ask.tag === "listener" && ask.listener === PRIVATE);
  const ports = isAsked ? [...listeners, privatePort(listeners)] : listeners;
  const runtime = runtimeOf(unit, options);
  if (runtime === null) lose("service.exec_start", "no image is written: nobody knows what its program needs");
  const given = [...placeOf(listeners), ...surroundings(unit, ports, runtime)]
    .filter(([name]) => !Object.hasOwn(unit.service.environment, name))
    .map(([name, value]) => ({ name, value }));
  const name = labelOf(unit.name);
  return {
    ...{ unit, name, image: `${options.registry}${name}:${options.tag}`, runtime },
    argv: argvOf(unit, runtime, filling),
    cwd: resolvePath(ROOT, filling.fill("service.working_directory", unit.service.workingDirectory)),
    environment: [...given, ...own],
    ...{ filling, ports, probes, bundled: bundledMode(unit), lose },
  };
}

/** How the runtime is called in the images that `generate docker` writes. */
export const programOf = (runtime: Exclude<Runtime, "auto">): string => `/usr/local/bin/${runtime}`;

/** What is known of it before the templates are filled in, which may name it. */
function knownPlace({ sockets }: Unit): readonly (readonly [string, string])[] {
  const [first] = sockets.flatMap(({ kind, address }) =>
    kind === "stream" && address.tag === "tcp" && address.port > 0 ? [address.port] : [],
  );
  if (sockets.length === 0) return [];
  return [["HOST", ANYWHERE], ...(first === undefined ? [] : [["PORT", String(first)] as const])];
}

/** Where a program is to bind that is lent no listener. */
function placeOf(listeners: readonly Port[]): readonly (readonly [string, string])[] {
  const first = listeners.find(({ protocol }) => protocol === "TCP");
  if (first === undefined) return [];
  return [
    ["HOST", ANYWHERE],
    ["PORT", String(first.port)],
  ];
}

/** Every IPv4 address: whoever asks comes from outside the container. */
const ANYWHERE = "0.0.0.0";

function surroundings(
  { service, handover }: Unit,
  ports: readonly Port[],
  runtime: Workload["runtime"],
): readonly (readonly [string, string])[] {
  const aside = ports.find(({ listener }) => listener === PRIVATE);
  const isDrained = service.reloadMode === "handover" && Number.isFinite(handover.drainMs);
  const hasCredentials = Object.keys({ ...service.loadCredential, ...service.loadCredentialEncrypted }).length > 0;
  return [
    ...(aside ? [["SUPERVISOR_PRIVATE_LISTEN", `${ANYWHERE}:${aside.port}`] as const] : []),
    ...(isDrained ? [["SUPERVISOR_DRAIN_MS", String(handover.drainMs)] as const] : []),
    ...(hasCredentials ? [["CREDENTIALS_DIRECTORY", CREDENTIALS] as const] : []),
    // What it compiles is kept there, and the rest of the file system is read-only.
    ...(runtime === "deno" ? [["DENO_DIR", "/tmp/deno"] as const] : []),
  ];
}

function runtimeOf({ service: { exec } }: Unit, { self }: ContainerOptions): Workload["runtime"] {
  if (exec.tag === "program") return null;
  return exec.runtime === "auto" ? self : exec.runtime;
}

/** The runtimes' flags are those that `command.ts` gives. */
function argvOf({ service: { exec } }: Unit, runtime: Workload["runtime"], { fill }: Filling): Argv {
  if (exec.tag === "program") {
    const [program, ...args] = exec.argv;
    const found = fill("service.exec_start", program);
    const runs = found.includes("/") ? resolvePath(ROOT, found) : found;
    return [runs, ...args.map((arg) => fill("service.exec_start", arg))];
  }
  const flags = runtime === "deno" ? ["run", "--allow-all", "--no-prompt", "--quiet"] : [];
  const script = resolvePath(ROOT, fill("service.script", exec.script));
  return [programOf(runtime ?? "bun"), ...flags, script, ...exec.args.map((arg) => fill("service.args", arg))];
}
