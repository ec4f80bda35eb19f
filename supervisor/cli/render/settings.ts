import type { Setting } from "../../unit/setting.ts";

/**
 * Renders settings as TOML, the layer that set each behind it.
 * Shape: "[supervisor]\nauto_reload = true  # config/local.toml\n# listen =           # default\n".
 */
export function renderSettings(settings: readonly Setting[]): string {
  const sections = new Map<string, Setting[]>();
  for (const setting of settings) {
    const [section = ""] = setting.key.split(".");
    sections.set(section, [...(sections.get(section) ?? []), setting]);
  }
  return [...sections].map(([name, own]) => `[${name}]\n${renderSection(own)}`).join("\n");
}

function renderSection(settings: readonly Setting[]): string {
  const lines = settings.map(({ key, value, origin }) => [assignment(key.split(".")[1] ?? "", value), origin] as const);
  const width = Math.max(...lines.map(([text]) => text.length));
  return lines.map(([text, origin]) => `${text.padEnd(width)}  # ${origin}\n`).join("");
}

function assignment(key: string, value: Setting["value"]): string {
  return value === null ? `# ${key} =` : `${key} = ${JSON.stringify(value)}`;
}
