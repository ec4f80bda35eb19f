import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { KubernetesOptions } from "../../supervisor/generate/kubernetes/options.ts";
import { generateKubernetes } from "../../supervisor/generate/kubernetes.ts";
import { parseUnit } from "../../supervisor/unit/parse.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { OPTIONS } from "./container-options.ts";
import type { Document } from "./kubernetes-schema.ts";

/** Reads a unit from its text. */
export function unitOf(name: string, text: string): Unit {
  const read = parseUnit(name, `units/${name}.toml`, text);
  if (!read.ok) throw new Error(read.faults.map(({ message }) => message).join("; "));
  return read.value;
}

/** The project's own units. */
export const ownUnits: readonly Unit[] = ["api", "worker"].map((name) =>
  unitOf(name, readFileSync(join(import.meta.dirname, `../../units/${name}.toml`), "utf8")),
);

/** What was written for units, read again. */
export function manifestsOf(units: readonly Unit[], change: Partial<KubernetesOptions> = {}) {
  const { files, losses } = generateKubernetes(units, { ...OPTIONS, ...change });
  const documents = [...files]
    .filter(([path]) => path.endsWith(".yaml") && !path.endsWith("/kustomization.yaml"))
    .flatMap(([, text]) => parseAllDocuments(text, { version: "1.1" }).map((each): Document => each.toJS()));
  const kustomizations = new Map(
    [...files]
      .filter(([path]) => path.endsWith("/kustomization.yaml"))
      .map(([path, text]) => [path, parse(text) as Document]),
  );
  const ofKind = (...kinds: readonly string[]) => documents.filter(({ kind }) => kinds.includes(kind));
  const only = (kind: string, name: string): Document => {
    const found = ofKind(kind).filter(({ metadata }) => metadata.name === name);
    if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name}`);
    return found[0] ?? {};
  };
  return { files, losses, documents, kustomizations, ofKind, only };
}

/** What a Deployment or a Job makes pods of. */
export const templateOf = (document: Document): Document => document.spec.template;
export const containerOf = (document: Document): Document => templateOf(document).spec.containers[0];
