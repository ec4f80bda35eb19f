// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { inFlags } from "./compose/container.ts";
import { importLife } from "./compose/life.ts";
import { importProgram } from "./compose/program.ts";
import type { Service } from "./compose/service.ts";
import type { Document } from "./document.ts";
import { Draft, type Here, type Imported, place, type Remark, unitName } from "./draft.ts";
import { mapOf, textOf } from "./raw.ts";
import { below } from "./template.ts";

/**
 * Makes units of a compose file, one for each service.
 * Shape: `services: { web: { build: ., command: npm start }, db: { image: postgres } }` → web runs here, db by `docker run`.
 * Source: the Compose Specification, github.com/compose-spec/compose-spec.
 */
export function importCompose({ file, value, lineOf }: Document & Readonly<{ file: string }>, here: Here): Imported {
  const root = mapOf(value);
  const services = Object.entries(mapOf(root.services));
  const project = projectOf(root, here);
  const taken = new Set(here.taken);
  const ended = new Set(services.flatMap(([, raw]) => endedFirst(raw)));
  const drafts = services.map(([name, each]) => {
    const raw = mapOf(each);
    const draft = new Draft(unitName(name, taken), file);
    taken.add(draft.name);
    const service: Service = {
      draft,
      name,
      raw,
      project,
      here,
      lineOf: (...path) => lineOf(["services", name, ...path]),
    };
    if (ended.has(name)) draft.set("service", "type", "oneshot", "others wait until it has done its work");
    importProgram(service);
    importLife(service);
    importVariables(service);
    loseRest(service);
    return draft;
  });
  const remarks = Object.keys(root).flatMap((key): Remark[] => {
    const why = LOST_ABOVE[key];
    return why === undefined ? [] : [{ tag: "lost", at: place(file, key, lineOf([key])), why }];
  });
  return { drafts, remarks: [...remarks, ...drafts.flatMap((draft) => draft.remarks)] };
}

/** Source: the Compose Specification, `name`; else the folder's name, in lower case. */
function projectOf(root: Readonly<Record<string, unknown>>, { base, root: folder }: Here): string {
  const last = (base === "" ? folder : base).split("/").at(-1) ?? "";
  return textOf(root.name) ?? (last.toLowerCase().replace(/[^a-z0-9_-]/g, "") || "default");
}

/** Those that have to have ended well before this service starts. */
function endedFirst(raw: unknown): readonly string[] {
  const needs = Object.entries(mapOf(mapOf(raw).depends_on));
  return needs.flatMap(([name, how]) => (mapOf(how).condition === "service_completed_successfully" ? [name] : []));
}

/** Why the `.env`: compose fills in its variables from there, and a template is filled in from the service's environment. */
function importVariables({ draft, here }: Service): void {
  if (here.dotEnv === null || !JSON.stringify([...draft.sections].map(([, keys]) => [...keys])).includes("${")) return;
  const before = draft.get("service", "environment_file");
  const file = `-${below(here, ".env")}`;
  const files = Array.isArray(before) ? before : [];
  if (files.includes(file) || files.includes(file.slice(1))) return;
  draft.set("service", "environment_file", [file, ...files]);
  draft.change(".env", undefined, "the service sees all of it: its variables are filled in from there");
}

function loseRest({ draft, raw, lineOf }: Service): void {
  const isContainer = String((draft.get("service", "exec_start") as readonly unknown[])[0]) === "docker";
  for (const key of Object.keys(raw)) {
    const isDone =
      CARRIED.has(key) || (isContainer && inFlags.has(key)) || draft.remarks.some(({ at }) => at.key === key);
    if (!isDone && !key.startsWith("x-")) draft.lose(key, lineOf(key), LOST[key] ?? "no key of a unit says it");
  }
}

const CARRIED: ReadonlySet<string> = new Set([
  ...["image", "build", "command", "entrypoint", "environment", "env_file", "depends_on", "restart", "healthcheck"],
  ...["deploy", "scale", "stop_signal", "stop_grace_period", "profiles", "ports", "links", "container_name", "user"],
  ...["cpus", "mem_limit", "pids_limit", "ulimits", "stdin_open", "tty", "pull_policy", "init"],
]);

const LOST: Readonly<Record<string, string>> = {
  extends: "what it takes from another service is not carried over: `docker compose config` writes it out",
  networks: "every container is in the project's default network, under the name of its service",
  logging: "what it prints is kept in the state directory: `supervisor logs`, [output]",
  labels: "there are none",
  secrets: "put the files into `load_credential`, or mount them with `--volume`",
  configs: "mount them with `--volume`",
  develop: "no unit is restarted when its files change",
};

const LOST_ABOVE: Readonly<Record<string, string>> = {
  include: "its services are not read: import that file, too",
  networks: "every container is in the project's default network",
  secrets: "see the services that use them",
  configs: "see the services that use them",
};
