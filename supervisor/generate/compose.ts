import type { Unit } from "../unit/unit.ts";
import { LOST_IN_COMPOSE } from "./compose/lost.ts";
import { build, type ComposeOptions, composeService, STATE_VOLUME, secretsOf } from "./compose/service.ts";
import { loseKeys, loseSockets } from "./container/lost.ts";
import { NOBODY, STATE } from "./container/options.ts";
import { workloadsOf } from "./container/workloads.ts";
import { imageFile } from "./docker.ts";
import { type Generated, head } from "./generated.ts";
import { type YamlMap, yaml } from "./yaml.ts";

/**
 * Writes a Compose file: a service for each enabled unit, without the supervisor; and, in a profile of its own, the
 * supervisor with all of them in one container. Its images are those that `generate docker` writes files for.
 * Shape: `compose.yaml`. Source: the Compose Specification.
 */
export function generateCompose(units: readonly Unit[], options: ComposeOptions): Generated {
  const { told, losses } = workloadsOf(units, options);
  const peers = new Map(told.map(({ workload }) => [workload.unit.name, workload]));
  const services = told.map(({ workload }): readonly [string, YamlMap] => {
    const { unit, lose, name } = workload;
    const service = composeService(workload, peers, options);
    loseKeys(unit, LOST_IN_COMPOSE, lose);
    loseSockets(unit, lose);
    return [name, service];
  });
  const secrets = told.flatMap(({ workload }) => secretsOf(workload));
  const document: YamlMap = {
    name: options.project,
    services: Object.fromEntries([...services, ["supervisor", supervisorService(units, options)]]),
    volumes: { [STATE_VOLUME]: {} },
    ...(secrets.length > 0 ? { secrets: Object.fromEntries(secrets) } : {}),
  };
  const all = [...losses, ...told.flatMap((each) => each.losses)];
  return { files: new Map([["compose.yaml", head(LINES, all) + yaml(document)]]), losses: all };
}

const LINES = [
  "docker compose up --build: each unit in a container of its own.",
  "docker compose --profile supervisor up --build supervisor: all of them in one, below the supervisor.",
];

/** A service for which nobody asks has a profile. It gives those that depend on others the time to end first. */
function supervisorService(units: readonly Unit[], options: ComposeOptions): YamlMap {
  const enabled = units.filter((unit) => unit.enabled);
  const stopMs = enabled.reduce((total, { service }) => total + Math.min(service.timeoutStopMs, 3_600_000), 10_000);
  return {
    profiles: ["supervisor"],
    image: `${options.registry}supervisor:${options.tag}`,
    build: build(imageFile("supervisor", options.self), options),
    restart: "always",
    stop_grace_period: `${Math.ceil(stopMs / 1000)}s`,
    user: `${NOBODY}:${NOBODY}`,
    ...{ read_only: true, tmpfs: ["/tmp"], cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] },
    volumes: [`${STATE_VOLUME}:${STATE}`],
  };
}
