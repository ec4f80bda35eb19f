import { ROOT } from "../container/options.ts";
import { programOf } from "../container/workload.ts";
import type { DockerOptions } from "./options.ts";

type Runtime = "bun" | "deno" | "node";

/** Where the official images have their runtime. Source: oven-sh/bun, dockerhub; denoland/deno_docker, bin.dockerfile; nodejs/docker-node. */
const IMAGES: Readonly<Record<Runtime, Readonly<{ image: string; path: string }>>> = {
  bun: { image: `oven/bun:\${BUN_VERSION}-slim`, path: "/usr/local/bin/bun" },
  deno: { image: `denoland/deno:bin-\${DENO_VERSION}`, path: "/deno" },
  node: { image: `node:\${NODE_VERSION}-slim`, path: "/usr/local/bin/node" },
};

/** What every file begins with: the versions, which `--build-arg` changes, and a stage for each runtime. */
export function runtimeStages(runtimes: readonly Runtime[], { install, versions }: DockerOptions): readonly string[] {
  const needed = [...new Set<Runtime>([...runtimes, ...installerOf(install)])];
  return [
    ...needed.map((name) => `ARG ${name.toUpperCase()}_VERSION=${versions[name]}`),
    ...needed.flatMap((name) => ["", `FROM ${IMAGES[name].image} AS ${name}`]),
  ];
}

/** Takes the runtimes out of their stages. */
export function copyRuntimes(runtimes: readonly Runtime[]): readonly string[] {
  return runtimes.map((name) => `COPY --from=${name} ${IMAGES[name].path} ${programOf(name)}`);
}

/**
 * Writes the stage with the packages. It sees what they depend on alone, so that a change of the program installs nothing anew.
 * Their scripts do not run: what a package needs to build is not in these images.
 */
export function installStage({ install }: DockerOptions): readonly string[] {
  switch (install) {
    case "npm":
      return stage(
        "node",
        ["package.json package-lock.json"],
        "npm ci --omit=dev --ignore-scripts --no-audit --no-fund",
      );
    case "bun":
      return stage("bun", ["package.json bun.lock"], "bun install --frozen-lockfile --production --ignore-scripts");
    case "deno":
      // What is installed is below the project, where the last stage finds it, and not in a cache of its own.
      return stage(
        SLIM,
        ["--from=deno /deno /usr/local/bin/deno", "*.json deno.lock"],
        "deno install --frozen --node-modules-dir=auto",
      );
    case null:
      return stage(SLIM, []);
  }
}

/** The folders are there in any case: the last stage takes them. */
function stage(from: string, copied: readonly string[], ...commands: readonly string[]): readonly string[] {
  const copies = copied.map((what) => (what.startsWith("--") ? `COPY ${what}` : `COPY ${what} ./`));
  const run = `RUN ${[...commands, "mkdir -p node_modules .supervisor"].join(" && ")}`;
  return ["", `FROM ${from} AS packages`, `WORKDIR ${ROOT}`, ...copies, run];
}

/** With a shell, for the supervisor, which starts programs by one. */
export const SLIM = "debian:trixie-slim";
/** Without one: glibc, certificates, and the account nonroot. */
export const DISTROLESS = "gcr.io/distroless/cc-debian13:nonroot";

function installerOf(install: DockerOptions["install"]): readonly Runtime[] {
  if (install === null) return [];
  return [install === "npm" ? "node" : install];
}
