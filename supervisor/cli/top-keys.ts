/** What a key asks for. */
export type TopKey = "quit" | "up" | "down" | "first" | "last" | "sort";

const keys: Readonly<Record<string, TopKey>> = {
  q: "quit",
  Q: "quit",
  "\x03": "quit",
  "\x04": "quit",
  j: "down",
  "\x1b[B": "down",
  "\x1bOB": "down",
  k: "up",
  "\x1b[A": "up",
  "\x1bOA": "up",
  g: "first",
  G: "last",
  s: "sort",
};

/** Takes what a terminal sent apart; what means nothing is passed over. Shape: "jj\x1b[Aq" → down, down, up, quit. */
export function readTopKeys(text: string): readonly TopKey[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what keys are sent as.
  const strokes = text.match(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|./gsu) ?? [];
  return strokes.flatMap((stroke) => keys[stroke] ?? []);
}
