// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { literal } from "../template.ts";

/** A template of ours, and what of the text could not be one. */
export type Interpolated = Readonly<{ text: string; lost: readonly string[] }>;

/**
 * Writes a text of a compose file as a template: compose fills in `${VAR}` from its own environment, ours from the service's.
 * Shape: "${TAG:-latest}" → the same; "$TAG" and "${TAG}" → "${TAG:-}", for compose takes what is not set as empty; "${TAG:?why}" → "${TAG}".
 * Source: the Compose Specification, 12 "Interpolation".
 */
export function interpolate(text: string): Interpolated {
  const lost: string[] = [];
  const parts = text.split(TOKEN).map((part, index) => {
    if (index % 2 === 0) return literal(part);
    if (part === "$$") return "$";
    const [, plain, name = plain ?? "", sign = "", rest = ""] = VARIABLE.exec(part) ?? [];
    if (sign.includes("?")) return `\${${name}}`;
    if (sign.includes("+")) {
      lost.push(`${part}: there is no value that is taken when another is set`);
      return "";
    }
    const isPlain = !/[{}$]/.test(rest);
    if (!isPlain) lost.push(`${part}: a default holds no other variable here; it is empty`);
    return `\${${name}:-${isPlain ? literal(rest) : ""}}`;
  });
  return { text: parts.join("").replace(/\$(?=\$\{)/g, "$"), lost };
}

const TOKEN = /(\$\$|\$[A-Za-z_][A-Za-z0-9_]*|\$\{(?:[^{}]|\{[^{}]*\})*\})/;
const VARIABLE = /^\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([\s\S]*))?\})$/;
