// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { flagOf, mapOf, numberOf, textOf, textsOf } from "../raw.ts";
import { below, fromRoot, literal } from "../template.ts";
import { pairs, type Service, sizeText, template, templates } from "./service.ts";

/** The flags of `docker run` for what a service says of its container. Source: docs.docker.com/reference/cli/docker/container/run. */
export function containerFlags(service: Service, envFiles: readonly string[]): readonly string[] {
  const { raw, project, name } = service;
  const limits = mapOf(mapOf(mapOf(raw.deploy).resources).limits);
  const of = (flag: string, values: readonly (string | number | null)[]): readonly string[] =>
    values.flatMap((value) => (value === null ? [] : [`--${flag}`, String(value)]));
  return [
    ...of("network", [template(service, "network_mode", raw.network_mode) ?? literal(`${project}_default`)]),
    ...(raw.network_mode === undefined ? of("network-alias", [literal(name)]) : []),
    ...of("publish", ports(service)),
    ...of("volume", volumes(service)),
    ...of(
      "env-file",
      envFiles.map((path) => path.replace(/^-/, "")),
    ),
    ...of("env", variables(service)),
    ...of("memory", [sizeText(limits.memory ?? raw.mem_limit)]),
    ...of("cpus", [numberOf(limits.cpus ?? raw.cpus)]),
    ...of("pids-limit", [numberOf(limits.pids ?? raw.pids_limit)]),
    ...Object.entries(SINGLE).flatMap(([key, flag]) => of(flag, [template(service, key, raw[key])])),
    ...Object.entries(SEVERAL).flatMap(([key, flag]) => of(flag, templates(service, key))),
    ...Object.entries(SWITCHES).flatMap(([key, flag]) => (flagOf(raw[key]) === true ? [`--${flag}`] : [])),
  ];
}

/** Why by name: the values stand in the unit's environment, and not on a command line that everybody may read. */
function variables(service: Service): readonly string[] {
  return pairs(service, "environment").map(([name, value]) => {
    if (value !== null && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) service.draft.variable(name, value);
    return value === null || /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `${name}=${value}`;
  });
}

const SINGLE: Readonly<Record<string, string>> = {
  ...{
    user: "user",
    working_dir: "workdir",
    hostname: "hostname",
    shm_size: "shm-size",
    platform: "platform",
    ipc: "ipc",
  },
};
const SEVERAL: Readonly<Record<string, string>> = {
  ...{ cap_add: "cap-add", cap_drop: "cap-drop", devices: "device", dns: "dns", extra_hosts: "add-host" },
  ...{ security_opt: "security-opt", tmpfs: "tmpfs", group_add: "group-add" },
};
const SWITCHES: Readonly<Record<string, string>> = { privileged: "privileged", read_only: "read-only", init: "init" };

/** What becomes a flag, so that nobody calls it lost. */
export const inFlags: ReadonlySet<string> = new Set([
  ...["network_mode", "ports", "volumes", "env_file", "environment", "mem_limit", "cpus", "pids_limit", "expose"],
  ...Object.keys({ ...SINGLE, ...SEVERAL, ...SWITCHES }),
]);

/** Source: the Compose Specification, `ports`: "HOST:CONTAINER", or a map of the same. */
function ports(service: Service): readonly (string | null)[] {
  const raw: readonly unknown[] = Array.isArray(service.raw.ports) ? service.raw.ports : [];
  return raw.map((each) => {
    const { target, published, host_ip, protocol } = mapOf(each);
    if (target === undefined) return template(service, "ports", each);
    const parts = [host_ip, published, target].flatMap((part) => textOf(part) ?? []);
    return template(service, "ports", `${parts.join(":")}${protocol === undefined ? "" : `/${textOf(protocol)}`}`);
  });
}

/** A folder is meant from the compose file, docker wants it absolute; a name is a volume, and has the project before it. */
function volumes(service: Service): readonly (string | null)[] {
  const raw: readonly unknown[] = Array.isArray(service.raw.volumes) ? service.raw.volumes : [];
  return raw.map((each) => {
    const { type, source, target, read_only } = mapOf(each);
    const text = textOf(each) ?? textsOf([source, target]).join(":") + (flagOf(read_only) === true ? ":ro" : "");
    if (type === "tmpfs") return null;
    const [from = "", ...rest] = text.split(/:(?![-?+])/);
    if (rest.length === 0) return template(service, "volumes", text);
    const inner = template(service, "volumes", rest.join(":")) ?? "";
    if (/^\.{1,2}(?:\/|$)/.test(from)) return `${fromRoot(below(service.here, from))}:${inner}`;
    if (/^[/~$]/.test(from)) return `${template(service, "volumes", from.replace(/^~/, "${HOME}"))}:${inner}`;
    return `${literal(`${service.project}_${from}`)}:${inner}`;
  });
}
