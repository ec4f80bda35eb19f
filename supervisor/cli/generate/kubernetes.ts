import { flagRefusal, isRefusal, type Kind } from "./kind.ts";
import { containerFlags, readProject } from "./project.ts";

/** `supervisor generate kubernetes [--registry PREFIX] [--tag TAG] [--runtime bun|deno] [--namespace NAME] [--burstable UNITS]`. */
export const kubernetes: Kind = {
  flags: [...containerFlags, "namespace", "burstable"],
  async prepare(context) {
    const project = await readProject(context);
    if (isRefusal(project)) return project;
    const { burstable = "", namespace = null } = context.flags;
    if (namespace !== null && !LABEL.test(String(namespace)))
      return flagRefusal(`--namespace: must be of a-z, 0-9 and "-", got '${namespace}'`);
    const names = String(burstable)
      .split(",")
      .filter((name) => name !== "");
    const more = { namespace: namespace === null ? null : String(namespace), burstable: new Set(names) };
    const { generateKubernetes } = await import("../../generate/kubernetes.ts");
    return (units) => {
      const stranger = names.find((name) => !units.some((unit) => unit.name === name));
      if (stranger !== undefined) return flagRefusal(`--burstable: there is no unit '${stranger}'`);
      return generateKubernetes(units, { ...project, ...more });
    };
  },
  checks: (names) =>
    names
      .filter((name) => /^overlays\/[^/]+\/kustomization\.yaml$/.test(name))
      .map((name) => ({ argv: ["kubectl", "kustomize", name.replace("/kustomization.yaml", "")], isSilent: false })),
};

/** Source: RFC 1123, "label". */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
