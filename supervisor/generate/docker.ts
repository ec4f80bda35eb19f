import type { Unit } from "../unit/unit.ts";
import { loseKeys, loseSockets } from "./container/lost.ts";
import { workloadsOf } from "./container/workloads.ts";
import { ignored, serviceImage, supervisorImage } from "./docker/dockerfile.ts";
import { LOST_IN_IMAGES } from "./docker/lost.ts";
import type { DockerOptions } from "./docker/options.ts";
import { type Generated, head } from "./generated.ts";
import type { Loss } from "./loss.ts";

/**
 * Writes Dockerfiles: one for each service that runs a script, and one for the supervisor with all units, for each runtime.
 * Shape: `api.bun.Dockerfile`, `api.deno.Dockerfile`, `supervisor.bun.Dockerfile`, each with `….dockerignore`.
 * Source: the Dockerfile reference; `FILE.dockerignore` is what BuildKit reads before `.dockerignore`.
 */
export function generateDocker(units: readonly Unit[], options: DockerOptions): Generated {
  const files = new Map<string, string>();
  const losses: Loss[] = [];
  const add = (name: string, text: string, own: readonly Loss[]): void => {
    const [syntax = "", ...rest] = text.split("\n");
    // A directive counts on the first line alone.
    files.set(
      name,
      `${syntax}\n${head([`docker build -f ${name} .   # in the root of the project`], own)}${rest.join("\n")}`,
    );
    files.set(`${name}.dockerignore`, ignored());
  };
  for (const self of options.runtimes) {
    const { told, losses: unfit } = workloadsOf(units, { ...options, self });
    losses.push(...unfit);
    for (const { workload, losses: own } of told) {
      const { unit, runtime, lose } = workload;
      if (runtime !== null) {
        const text = serviceImage(workload, runtime, options);
        loseKeys(unit, LOST_IN_IMAGES, lose);
        loseSockets(unit, lose);
        add(imageFile(workload.name, runtime), text, own);
      }
      losses.push(...own);
    }
    const bound = belowSupervisor(units);
    if (!options.program)
      bound.push({
        unit: "supervisor",
        key: "program",
        why: "is not below the root of the project: add it to package.json",
      });
    add(imageFile("supervisor", self), supervisorImage(units, self, options), bound);
    losses.push(...bound);
  }
  return { files, losses: distinct(losses) };
}

/** Shape: `api.bun.Dockerfile`. */
export const imageFile = (name: string, runtime: string): string => `${name}.${runtime}.Dockerfile`;

/** What is not as the units have it where the supervisor runs them in one container. */
function belowSupervisor(units: readonly Unit[]): Loss[] {
  return units.flatMap(({ name: unit, sockets, service }) => {
    const lose = (key: string, why: string): Loss => ({ unit, key, why });
    const loopback = sockets.flatMap(({ name, address }) =>
      address.tag === "tcp" && /^(?:127\.|localhost$|::1$)/.test(address.host)
        ? [
            lose(
              `socket.${name}`,
              `${address.host} is the container's own: write "${address.port}" to be reached from outside`,
            ),
          ]
        : [],
    );
    const files = service.environmentFiles.map(({ path }) =>
      lose("service.environment_file", `mount ${path}: what may hold secrets is no part of an image`),
    );
    const ids = Object.keys({ ...service.loadCredential, ...service.loadCredentialEncrypted });
    const credentials = ids.map((id) =>
      lose("service.load_credential", `mount ${id}: a secret is no part of an image`),
    );
    const program = service.exec.tag === "program" ? [lose("service.exec_start", PROGRAM)] : [];
    return [...loopback, ...files, ...credentials, ...program];
  });
}

const PROGRAM = "below the supervisor its program has to be in the image: add it to the last stage";

function distinct(losses: readonly Loss[]): readonly Loss[] {
  const told = new Map(losses.map((loss) => [`${loss.unit}\n${loss.key}\n${loss.why}`, loss]));
  return [...told.values()];
}
