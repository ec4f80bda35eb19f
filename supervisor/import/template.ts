// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import type { Here } from "./draft.ts";

/**
 * Writes a text so that a unit file takes every letter of it as it is.
 * Shape: "100%" → "100%%"; "${HOME}" → "${LITERAL:-$}{HOME}".
 * Why: a unit file has no escape for a placeholder; one whose default is a dollar sign is one, since what it gives is not read again.
 */
export function literal(text: string): string {
  return text.replaceAll("%", "%%").replace(/\$(?=\{[A-Za-z_][A-Za-z0-9_]*(?::-|\}|$))/g, "${LITERAL:-$}");
}

/**
 * Writes a path that was meant from the imported file's folder, so that it is meant from the root.
 * Shape: "./web" in the file of "deploy/" → "deploy/web"; "/srv/app/web" → "web" when /srv/app is the root.
 */
export function below({ root, base }: Pick<Here, "root" | "base">, path: string): string {
  const plain = path.replace(/^(?:\.\/+)+/, "").replace(/(?<=.)\/+$/, "");
  if (plain === root) return ".";
  if (plain.startsWith(`${root}/`)) return literal(plain.slice(root.length + 1));
  if (base === "" || plain.startsWith("/")) return literal(plain === "" ? "." : plain);
  return literal(plain === "" || plain === "." ? base : `${base}/${plain}`);
}

/** Writes a path that `below` gave for a place where nothing is meant from the root by itself. Shape: "bin/run" → "%r/bin/run"; "." → "%r". */
export function fromRoot(path: string): string {
  return path === "." ? "%r" : path.startsWith("/") ? path : `%r/${path}`;
}

/** Writes a span. Units: milliseconds. Shape: 1600 → "1600ms"; 90000 → "90s"; Infinity → "infinity". */
export function span(ms: number): string {
  if (ms === Infinity) return "infinity";
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.round(ms * 1000) / 1000}ms`;
}
