import { mapOf, numberOf, textOf, textsOf } from "../raw.ts";
import { below, literal } from "../template.ts";
import { quotedWords } from "../words.ts";
import { containerFlags } from "./container.ts";
import { pairs, type Service, sizeText, template, templates } from "./service.ts";

/**
 * Says what runs. What is built here and has a command runs as it is, in the folder that it would be built of; what has an image only runs in
 * that image, by `docker run`.
 */
export function importProgram(service: Service): void {
  const { raw } = service;
  const command = wordsOf(service, "command");
  const entry = wordsOf(service, "entrypoint");
  if (raw.build !== undefined && (command.length > 0 || entry.length > 0)) importHere(service, [...entry, ...command]);
  else importContainer(service, entry, command);
}

/** The words of a command: a list as it is, a text split as a shell would, without running one. Source: the Compose Specification, `command`. */
function wordsOf(service: Service, key: string): readonly string[] {
  const raw = service.raw[key];
  if (typeof raw !== "string") return templates(service, key);
  const words = quotedWords(raw) ?? raw.split(/\s+/);
  return words.flatMap((word) => template(service, key, word) ?? []);
}

function importHere(service: Service, words: readonly string[]): void {
  const { draft, raw, here, lineOf } = service;
  const build = raw.build;
  const context = textOf(build) ?? textOf(mapOf(build).context) ?? ".";
  draft.set("service", "exec_start", words);
  draft.change("build", lineOf("build"), "it runs on this machine, with what is installed here, not in the image");
  const folder = below(here, context);
  if (folder !== ".") draft.set("service", "working_directory", folder);
  for (const [name, value] of pairs(service, "environment")) if (value !== null) draft.variable(name, value);
  const files = envFiles(service);
  if (files.length > 0) draft.set("service", "environment_file", files);
  importLimits(service);
  const [user = "", group] = (template(service, "user", raw.user) ?? "").split(":");
  if (user !== "") draft.set("service", "user", user);
  if (group !== undefined) draft.set("service", "group", group);
  for (const [key, why] of Object.entries(LOST_HERE)) if (key in raw) draft.lose(key, lineOf(key), why);
  for (const [index, port] of textsOf(raw.ports ?? []).entries()) {
    const [, host, inner] = /(?:^|:)([^:]+):(\d+)(?:\/\w+)?$/.exec(port) ?? [];
    if (host !== inner)
      draft.lose(
        "ports",
        lineOf("ports", index),
        `${port}: it listens on its own port; nothing leads another one to it`,
      );
  }
}

const LOST_HERE: Readonly<Record<string, string>> = {
  volumes: "it sees the machine's own files",
  networks: "it is in the machine's own network: other services are at 127.0.0.1, not under their names",
  working_dir: "that is a folder of the image; see working_directory",
  expose: "it is in the machine's own network",
  extra_hosts: "it sees the machine's own /etc/hosts",
  tmpfs: "it sees the machine's own files",
  read_only: "it sees the machine's own files",
  cap_add: "no capabilities are given",
  cap_drop: "no capabilities are taken",
};

/** Source: the Compose Specification, `env_file`: a path, a list of paths, or of `{ path, required }`. */
function envFiles(service: Service): readonly string[] {
  const raw = service.raw.env_file;
  const list: readonly unknown[] = Array.isArray(raw) ? raw : raw === undefined ? [] : [raw];
  return list.flatMap((each) => {
    const path = textOf(each) ?? textOf(mapOf(each).path);
    if (path === null) return [];
    return `${mapOf(each).required === false ? "-" : ""}${below(service.here, path)}`;
  });
}

/** Source: the Compose Specification, `deploy.resources`, and the older keys beside the service. */
function importLimits({ draft, raw, lineOf }: Service): void {
  const limits = mapOf(mapOf(mapOf(raw.deploy).resources).limits);
  const cpus = numberOf(limits.cpus ?? raw.cpus);
  if (cpus !== null && cpus > 0) draft.set("service", "cpu_quota", `${Math.round(cpus * 1000) / 10}%`);
  const memory = sizeText(limits.memory ?? raw.mem_limit);
  if (memory !== null) draft.set("service", "memory_max", memory);
  const tasks = numberOf(limits.pids ?? raw.pids_limit);
  if (tasks !== null && tasks > 0) draft.set("service", "tasks_max", tasks);
  const files = mapOf(mapOf(raw.ulimits).nofile).hard ?? mapOf(raw.ulimits).nofile;
  if (numberOf(files) !== null) draft.set("service", "limit_nofile", numberOf(files) ?? 0);
  if (mapOf(mapOf(raw.deploy).resources).reservations !== undefined) {
    draft.lose("deploy.resources.reservations", lineOf("deploy", "resources"), "nothing is reserved");
  }
}

function importContainer(service: Service, entry: readonly string[], command: readonly string[]): void {
  const { draft, name, raw, project, lineOf } = service;
  const image = template(service, "image", raw.image) ?? literal(`${project}-${name}`);
  const container =
    literal(textOf(raw.container_name) ?? `${project}-${name}-`) + (raw.container_name === undefined ? "%i" : "");
  const [first, ...rest] = entry;
  const flags = containerFlags(service, envFiles(service));
  const start = first === undefined ? [] : ["--entrypoint", first];
  draft.set(
    "service",
    "exec_start",
    ["docker", "run", "--rm", "--name", container, ...flags, ...start, image, ...rest, ...command],
    "in its image; without one, say here what runs",
  );
  const network = literal(`${project}_default`);
  draft.set("service", "exec_start_pre", [
    ["-docker", "rm", "--force", container],
    ["-docker", "network", "create", network],
  ]);
  draft.set("service", "exec_stop_post", [["-docker", "rm", "--force", container]]);
  const key = raw.image === undefined ? "build" : "image";
  const built = raw.build === undefined ? "" : `; build it first: docker compose build ${name}`;
  draft.change(key, lineOf(key), `it runs by \`docker run\`, under the supervisor${built}`);
}
