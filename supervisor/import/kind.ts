import type { Source } from "./draft.ts";

/** What a file may be. */
export const kinds = ["pm2", "procfile", "supervisord", "systemd", "compose", "pup"] as const;

export type Kind = (typeof kinds)[number];

/** Tells what a file is, by its name, and where that does not say it by what it holds. `null` when neither does. */
export function kindOf({ file, text }: Source): Kind | null {
  const name = (file.split("/").at(-1) ?? "").toLowerCase();
  return byName(name) ?? byContent(name, text);
}

/** Whether a pm2 file is a program, that has to be run to be read. */
export function isProgram(file: string): boolean {
  return /\.[cm]?[jt]s$/.test(file);
}

function byName(name: string): Kind | null {
  if (/^procfile(\.|$)/.test(name) || name.endsWith(".procfile")) return "procfile";
  if (/^(?:docker-|podman-)?compose(\.[\w.-]+)?\.ya?ml$/.test(name)) return "compose";
  if (/^pup\.jsonc?$/.test(name)) return "pup";
  if (/\.(?:service|socket)$/.test(name)) return "systemd";
  if (/^supervisord?\.(?:conf|ini)$/.test(name)) return "supervisord";
  if (/^(?:ecosystem|pm2)\b/.test(name) || isProgram(name)) return "pm2";
  return null;
}

function byContent(name: string, text: string): Kind | null {
  if (/^\[(?:program|group|supervisord|fcgi-program|eventlistener)[:\]]/m.test(text)) return "supervisord";
  if (/^\[(?:Service|Socket)\]/m.test(text)) return "systemd";
  if (/\.jsonc?$/.test(name)) return /["']?\bprocesses["']?\s*:/.test(text) ? "pup" : has(text, "apps", "script");
  if (/\.ya?ml$/.test(name)) return /^["']?services["']?\s*:/m.test(text) ? "compose" : has(text, "apps", "script");
  return /^[A-Za-z0-9_-]+:\s+\S/m.test(text) && !/[{}]\s*$/m.test(text) ? "procfile" : null;
}

function has(text: string, ...keys: readonly string[]): "pm2" | null {
  return keys.some((key) => new RegExp(`["']?\\b${key}["']?\\s*:`).test(text)) ? "pm2" : null;
}
