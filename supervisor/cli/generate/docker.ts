import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import manifest from "../../../package.json" with { type: "json" };
import type { DockerOptions } from "../../generate/docker/options.ts";
import { isExecutable } from "../../host/build.ts";
import { launcher } from "../../host/own-program.ts";
import { type Asked, isRefusal, type Kind, type Refusal } from "./kind.ts";
import { containerFlags, readProject } from "./project.ts";

/** `supervisor generate docker [--registry PREFIX] [--tag TAG] [--runtime bun|deno]`. */
export const docker: Kind = {
  flags: containerFlags,
  async prepare(context) {
    const options = await readImages(context);
    if (isRefusal(options)) return options;
    const { generateDocker } = await import("../../generate/docker.ts");
    return (units) => generateDocker(units, options);
  },
  checks: (names, { root }) =>
    names
      .filter((name) => name.endsWith(".Dockerfile"))
      .map((name) => ({ argv: ["docker", "build", "--check", "-f", name, root], isSilent: false })),
};

/** Reads what images are made from. */
export async function readImages(context: Asked): Promise<DockerOptions | Refusal> {
  const project = await readProject(context);
  if (isRefusal(project)) return project;
  const { root, flags } = context;
  const has = (name: string): boolean => existsSync(join(root, name));
  const lock = has("package-lock.json") ? "npm" : has("bun.lock") ? "bun" : has("deno.lock") ? "deno" : null;
  const program = relative(root, launcher);
  return {
    ...project,
    runtimes: flags.runtime === undefined ? ["bun", "deno"] : [project.self],
    versions: { bun: manifest.devDependencies.bun, deno: manifest.devDependencies.deno, node: NODE_VERSION },
    install: lock,
    program: isExecutable || program.startsWith("..") ? null : program,
  };
}

/** The line with long support of the year. */
const NODE_VERSION = "24";
