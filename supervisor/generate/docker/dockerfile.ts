import type { Argv, Unit } from "../../unit/unit.ts";
import { healthOf } from "../container/health.ts";
import { NOBODY, ROOT, STATE } from "../container/options.ts";
import { isKnown } from "../container/text.ts";
import { programOf, type Workload } from "../container/workload.ts";
import { exec, pair, span } from "./instruction.ts";
import type { DockerOptions } from "./options.ts";
import { copyRuntimes, DISTROLESS, installStage, runtimeStages, SLIM } from "./stages.ts";

type Runtime = NonNullable<Workload["runtime"]>;

/** Writes the Dockerfile of one service: its runtime and the project, without a shell, as nobody. */
export function serviceImage(workload: Workload, runtime: Runtime, options: DockerOptions): string {
  const { unit, ports, argv, cwd, environment, lose } = workload;
  const known = environment.filter(({ name, value }) => {
    if (isKnown(value)) return true;
    lose(`service.environment.${name}`, "left out: it is known only where the container runs, so say it there");
    return false;
  });
  const isWhole = argv.every(isKnown);
  if (!isWhole)
    lose("service.args", "no command is written: an image knows no variables; say it where the container runs");
  const health = healthOf(workload);
  return file([
    "# syntax=docker/dockerfile:1",
    ...runtimeStages([runtime], options),
    ...installStage(options),
    "",
    `FROM ${DISTROLESS}`,
    ...copyRuntimes([runtime]),
    ...labels(unit.name, unit.description, options),
    `ENV ${["NODE_ENV=production", ...known.map(({ name, value }) => pair(name, value))].join(" \\\n    ")}`,
    ...project(cwd),
    ...ports.map(({ port, protocol }) => `EXPOSE ${port}/${protocol.toLowerCase()}`),
    `STOPSIGNAL ${unit.service.killSignal}`,
    ...(health ? [check(health.argv, health.probe, unit.service.timeoutStartMs)] : []),
    ...(isWhole ? command(argv, workload) : []),
  ]);
}

/** Writes the Dockerfile of the supervisor as process 1, with all units: with a shell, which starts their programs. */
export function supervisorImage(units: readonly Unit[], runtime: "bun" | "deno", options: DockerOptions): string {
  const runtimes = [...new Set<Runtime>([runtime, ...units.flatMap((unit) => runtimeOf(unit, runtime))])];
  const enabled = units.filter((unit) => unit.enabled);
  const program = `${ROOT}/${options.program ?? "node_modules/supervisor/supervisor/bin.sh"}`;
  const start: Argv = ["/bin/sh", program, "--root", ROOT, "start"];
  // Those that are to run must be ready; a oneshot stays so when its work is done.
  const wait: Argv = [
    "/bin/sh",
    program,
    "--root",
    ROOT,
    "-q",
    "wait",
    ...enabled.map(({ name }) => name),
    "--for",
    "ready",
    "--timeout",
    "4s",
  ];
  return file([
    "# syntax=docker/dockerfile:1",
    ...runtimeStages(runtimes, options),
    ...installStage(options),
    "",
    `FROM ${SLIM}`,
    ...copyRuntimes(runtimes),
    ...labels("supervisor", `supervisor of ${options.project}`, options),
    `ENV ${["NODE_ENV=production", pair("SUPERVISOR_RUNTIME", programOf(runtime)), ...(runtimes.includes("deno") ? [pair("DENO_DIR", "/tmp/deno")] : [])].join(" \\\n    ")}`,
    ...project(ROOT),
    "STOPSIGNAL SIGTERM",
    ...(enabled.length > 0
      ? [`HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 ${exec("CMD", wait)}`]
      : []),
    exec("ENTRYPOINT", start),
  ]);
}

/** What is not to be sent to the builder, beside what git ignores: it would be in the image. Shape: lines of a .dockerignore. */
export function ignored(): string {
  return file([
    "# What is no part of an image.",
    ...["**/node_modules", "**/.git", "**/.supervisor", "**/*.log", "**/.env", "**/.env.*", "config/local.toml"],
  ]);
}

/** Which runtimes a unit's script needs beside the supervisor's own. */
function runtimeOf({ service: { exec: program } }: Unit, self: "bun" | "deno"): readonly Runtime[] {
  if (program.tag === "program") return [];
  return [program.runtime === "auto" ? self : program.runtime];
}

/** Source: OCI image-spec, annotations.md. */
function labels(name: string, description: string, { project: of, tag }: DockerOptions): readonly string[] {
  return [
    `ARG VERSION=${tag}`,
    "ARG BUILD_COMMIT=",
    "ARG BUILD_TIME=",
    `LABEL ${[
      pair("org.opencontainers.image.title", `${of}/${name}`),
      pair("org.opencontainers.image.description", description),
      'org.opencontainers.image.version="$VERSION"',
      'org.opencontainers.image.revision="$BUILD_COMMIT"',
      'org.opencontainers.image.created="$BUILD_TIME"',
    ].join(" \\\n      ")}`,
    'ENV BUILD_COMMIT="$BUILD_COMMIT" BUILD_TIME="$BUILD_TIME"',
  ];
}

/** The program belongs to root, and the state directory to whoever runs it. */
function project(cwd: string): readonly string[] {
  return [
    `COPY --from=packages ${ROOT}/node_modules ${ROOT}/node_modules`,
    `COPY . ${ROOT}`,
    `COPY --from=packages --chown=${NOBODY}:${NOBODY} ${STATE} ${STATE}`,
    `WORKDIR ${cwd}`,
    `USER ${NOBODY}:${NOBODY}`,
  ];
}

function check(
  argv: Argv,
  { periodMs, timeoutMs, failureThreshold }: NonNullable<Unit["probes"]["liveness"]>,
  startMs: number,
): string {
  const start = Number.isFinite(startMs) ? startMs : 3_600_000;
  const flags = `--interval=${span(periodMs)} --timeout=${span(timeoutMs)} --start-period=${span(start)} --retries=${failureThreshold}`;
  return `HEALTHCHECK ${flags} ${exec("CMD", argv)}`;
}

/** The program is the entry point, and its arguments what a `docker run IMAGE ARGUMENTS` may replace. */
function command(argv: readonly string[], { unit }: Workload): readonly string[] {
  const { exec: program } = unit.service;
  const at = argv.length - (program.tag === "script" ? program.args.length : 0);
  const rest = argv.slice(at);
  return [exec("ENTRYPOINT", argv.slice(0, at)), ...(rest.length > 0 ? [exec("CMD", rest)] : [])];
}

const file = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
