import { relative, resolve } from "node:path";
import { readImages } from "./docker.ts";
import { isRefusal, type Kind } from "./kind.ts";
import { containerFlags } from "./project.ts";

/** `supervisor generate compose [--registry PREFIX] [--tag TAG] [--runtime bun|deno]`. */
export const compose: Kind = {
  flags: containerFlags,
  async prepare(context) {
    const images = await readImages(context);
    if (isRefusal(images)) return images;
    const { root, flags } = context;
    const folder = typeof flags.out === "string" ? resolve(flags.out) : root;
    const { generateCompose } = await import("../../generate/compose.ts");
    const from = relative(root, folder);
    const options = { ...images, context: relative(folder, root) || ".", folder: from === "" ? "" : `${from}/` };
    return (units) => generateCompose(units, options);
  },
  checks: () => [{ argv: ["docker", "compose", "-f", "compose.yaml", "config", "--quiet"], isSilent: false }],
};
