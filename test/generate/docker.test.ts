// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { DockerfileParser } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import type { DockerOptions } from "../../supervisor/generate/docker/options.ts";
import { generateDocker } from "../../supervisor/generate/docker.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { OPTIONS } from "./container-options.ts";
import { ownUnits, unitOf } from "./manifests.ts";
import { richUnit } from "./rich-unit.ts";

export const IMAGES: DockerOptions = {
  ...OPTIONS,
  runtimes: ["bun", "deno"],
  versions: { bun: "1.4.5", deno: "2.9.6", node: "24" },
  install: "npm",
  program: "supervisor/bin.sh",
};

const script = { tag: "script", script: "a b.ts", args: ['"$HOME"', "%n"], runtime: "node" } as const;
const rich = richUnit({ name: "rich" }, { exec: script, killSignal: "SIGINT" });

function dockerfiles(units: readonly Unit[], change: Partial<DockerOptions> = {}): ReadonlyMap<string, string> {
  const { files } = generateDocker(units, { ...IMAGES, ...change });
  return new Map([...files].filter(([name]) => name.endsWith(".Dockerfile")));
}

const parsed = (text: string | undefined) => DockerfileParser.parse(text ?? "");
const last = (text: string | undefined) => {
  const instructions = parsed(text).getInstructions();
  const from = instructions.findLastIndex((each) => each.getKeyword() === "FROM");
  return instructions.slice(from).map((each) => `${each.getKeyword()} ${each.getRawArgumentsContent()}`);
};

test.each(["npm", "bun", "deno", null] as const)(
  "the linter has nothing to say where packages are installed by %s",
  (install) => {
    for (const [name, text] of dockerfiles([...ownUnits, rich], { install }))
      expect({ name, said: validate(text).map(({ message }) => message) }).toEqual({ name, said: [] });
  },
);

test("the linter still finds a fault, so that its silence means something", () => {
  const [[, text] = []] = dockerfiles(ownUnits);
  expect(validate(`${text}EXPOSE abc\nCPY . .\n`).length).toBe(2);
});

test("each service, and the supervisor, has an image for each runtime; a unit with a runtime of its own for that alone", () => {
  const names = [...dockerfiles([...ownUnits, rich, unitOf("web", '[service]\nexec_start = ["nginx"]\n')]).keys()];
  const both = (name: string) => [`${name}.bun.Dockerfile`, `${name}.deno.Dockerfile`];
  expect(new Set(names)).toEqual(
    new Set([...both("api"), ...both("worker"), ...both("supervisor"), "rich.node.Dockerfile"]),
  );
  expect([...dockerfiles([unitOf("supervisor", '[service]\nscript = "a.ts"\n')]).keys()]).toContain(
    "u-supervisor.bun.Dockerfile",
  );
  expect([...dockerfiles(ownUnits, { runtimes: ["deno"] }).keys()].every((name) => name.includes(".deno."))).toBe(true);
});

test("what a stage takes from another one is made there, and nothing of the builder is in the last one", () => {
  for (const [name, text] of dockerfiles([...ownUnits, rich])) {
    const stages = parsed(text)
      .getFROMs()
      .flatMap((from) => from.getBuildStage() ?? []);
    const taken = [...text.matchAll(/--from=(\S+)/g)].map(([, from]) => from);
    expect(taken.length).toBeGreaterThan(2);
    for (const from of taken) expect(stages).toContain(from ?? "");
    const base = parsed(text).getFROMs().at(-1)?.getImage();
    expect(base).toBe(name.startsWith("supervisor") ? "debian:trixie-slim" : "gcr.io/distroless/cc-debian13:nonroot");
    expect(last(text).filter((line) => line.startsWith("RUN "))).toEqual([]);
  }
});

test("an image runs the unit's program as nobody, is stopped by its signal, and says its ports and its version", () => {
  const lines = last(dockerfiles(ownUnits).get("api.deno.Dockerfile"));
  const flags = '"run", "--allow-all", "--no-prompt", "--quiet"';
  for (const line of [
    "USER 65532:65532",
    "EXPOSE 8080/tcp",
    "STOPSIGNAL SIGTERM",
    "ARG VERSION=1.4.0",
    `ENTRYPOINT ["/usr/local/bin/deno", ${flags}, "/app/services/main.ts"]`,
    'CMD ["run", "api"]',
  ])
    expect(lines).toContain(line);
  expect(lines.join("\n")).toContain('org.opencontainers.image.version="$VERSION"');
  expect(last(dockerfiles([rich]).get("rich.node.Dockerfile"))).toContain("STOPSIGNAL SIGINT");
});

test("no word of a unit ends an instruction or is taken for a variable of the builder's", () => {
  const unit = unitOf(
    "web",
    '[unit]\ndescription = """a\nRUN b "$HOME" \\\\"""\n[service]\nscript = "a.ts"\nenvironment = { A = "x\\ny $HOME \\"q\\"" }\n',
  );
  const text = dockerfiles([unit]).get("web.bun.Dockerfile") ?? "";
  expect(text).toContain('org.opencontainers.image.description="a RUN b \\"\\$HOME\\" \\\\"');
  expect(text).toContain('A="x y \\$HOME \\"q\\""');
  expect(validate(text)).toEqual([]);
});

test("the supervisor's image is healthy when every enabled unit is ready, and has what its units run on", () => {
  const off = unitOf("off", '[unit]\nenabled = false\n[service]\nscript = "a.ts"\n');
  const text = dockerfiles([...ownUnits, rich, off]).get("supervisor.bun.Dockerfile") ?? "";
  const [check = ""] = last(text).filter((line) => line.startsWith("HEALTHCHECK "));
  expect(check).toContain('"wait", "api", "worker", "rich", "--for", "ready"');
  expect(text).toContain("COPY --from=node /usr/local/bin/node /usr/local/bin/node");
});

test("what is told beside the files: a listener that nobody outside reaches, and a command that an image cannot know", () => {
  const unit = unitOf("web", '[service]\nscript = "a.ts"\nargs = ["${DSN}"]\n');
  const { losses, files } = generateDocker([...ownUnits, unit], IMAGES);
  const told = losses.map((loss) => `${loss.unit}: ${loss.key}`);
  expect(told).toContain("api: socket.http");
  expect(told).toContain("web: service.args");
  expect(files.get("web.bun.Dockerfile")).not.toContain("ENTRYPOINT");
  expect(files.get("api.bun.Dockerfile.dockerignore")).toContain("\n**/.env\n");
});
