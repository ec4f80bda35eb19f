/** One `key = value`, with the line that it begins on. */
export type Setting = Readonly<{ key: string; value: string; line: number }>;

/** One `[section]`; a section that stands twice is there twice. */
export type Section = Readonly<{ name: string; line: number; settings: readonly Setting[] }>;

/** What an INI file holds, and the lines that are neither. */
export type Ini = Readonly<{
  sections: readonly Section[];
  strange: readonly Readonly<{ text: string; line: number }>[];
}>;

/**
 * Reads an INI file as Python does: `key=value` or `key: value`, keys in any case, a line that begins with white space goes on with the value
 * before it, `;` and `#` begin a comment at a line's begin, and after white space.
 * Source: Python's configparser, and supervisor/options.py: UnhosedConfigParser, inline_comment_prefixes.
 */
export function readIni(text: string): Ini {
  const sections: Mutable[] = [];
  const strange: { text: string; line: number }[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const plain = raw.replace(/(?:^|\s)[;#].*$/, "").trimEnd();
    const [, name] = /^\[([^\]]+)\]/.exec(plain) ?? [];
    const [, key, value = ""] = SETTING.exec(plain) ?? [];
    const section = sections.at(-1);
    const last = section?.settings.at(-1);
    if (plain.trim() === "") continue;
    if (name !== undefined) sections.push({ name: name.trim(), line, settings: [] });
    else if (/^\s/.test(plain) && last !== undefined) last.value += `\n${plain.trim()}`;
    else if (section !== undefined && key !== undefined)
      section.settings.push({ key: key.trim().toLowerCase(), value: value.trim(), line });
    else strange.push({ text: plain.trim(), line });
  }
  return { sections, strange };
}

type Mutable = { name: string; line: number; settings: { key: string; value: string; line: number }[] };

const SETTING = /^\s*([^=:\s][^=:]*?)\s*[=:](.*)$/;
