import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { labelOf } from "../../generate/container/label.ts";
import type { ContainerOptions } from "../../generate/container/options.ts";
import { type Asked, flagRefusal, type Refusal } from "./kind.ts";
import { ourRuntime } from "./machine.ts";

/** The flags of every kind that runs in containers. */
export const containerFlags = ["registry", "tag", "runtime"] as const;

/** Reads what the generators of containers must know of the project. */
export async function readProject({ root, flags }: Asked): Promise<ContainerOptions | Refusal> {
  const { registry = "", tag = packageVersion(root), runtime = ourRuntime() } = flags;
  if (runtime !== "bun" && runtime !== "deno") return flagRefusal(`--runtime: must be bun or deno, got '${runtime}'`);
  if (!TAG.test(String(tag))) return flagRefusal(`--tag: must be the tag of an image such as 1.4.0, got '${tag}'`);
  if (!REGISTRY.test(String(registry)))
    return flagRefusal(`--registry: must be such as ghcr.io/acme, got '${registry}'`);
  const { loadConfig } = await import("../../../config/load.ts");
  const { isOthers } = await import("../../../config/schema.ts");
  const folder = join(root, "config");
  const loaded = loadConfig({ folder, shown: "config", env: process.env, isOthers });
  if (!loaded.ok) return { refused: "project", faults: loaded.faults };
  const { queue, worker } = loaded.value.config;
  return {
    project: labelOf(basename(root)),
    registry: registry === "" ? "" : `${String(registry).replace(/\/$/, "")}/`,
    tag: String(tag),
    self: runtime,
    config: configFiles(folder),
    queue: { url: queue.url, concurrency: worker.concurrency },
  };
}

/** Source: the grammar of distribution/reference. */
const TAG = /^\w[\w.-]{0,127}$/;
const REGISTRY = /^(?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::\d+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*\/?)?$/;

/** local.toml is this machine's own. */
function configFiles(folder: string): ContainerOptions["config"] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".toml") && name !== "local.toml");
  return names.sort().map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

/** Shape: "1.4.0"; "latest" where there is no package.json, or none with a version. */
function packageVersion(root: string): string {
  const path = join(root, "package.json");
  if (!existsSync(path)) return "latest";
  try {
    const { version } = JSON.parse(readFileSync(path, "utf8"));
    return typeof version === "string" && TAG.test(version) ? version : "latest";
  } catch {
    return "latest"; // Whoever installs from it will say what is wrong with it.
  }
}
