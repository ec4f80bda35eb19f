const pieces = [
  ...[
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    '"""',
    "'''",
    "\\",
    "=",
    ".",
    ",",
    "#",
    "\n",
    "\r\n",
    "\0",
    "é",
    "\u{1F600}",
    "\uD800",
  ],
  ...[
    "-1",
    "1e309",
    "0x",
    "inf",
    "nan",
    "1979-05-27",
    "true",
    "[[socket]]\n",
    "[service]\n",
    "__proto__",
    "constructor",
  ],
  ...["%", "%q", "${", "${X", "toString = 1\n", "a.b.c = {}\n", "restart", "infinity", "[socket.x]\n", "9".repeat(400)],
];

type Next = (below: number) => number;

/** Numerical Recipes' generator: integer steps only, so that a seed is the same story on every machine. */
export function generator(seed: number): Next {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Changes a text in one to three places, as a seed says. */
export function mutated(text: string, seed: number): string {
  const next = generator(seed);
  let after = text;
  for (let times = 1 + next(3); times > 0; times--) after = mutate(after, next);
  return after;
}

/** The same of a file as it lies on disk: some of it may be no UTF-8 any more. */
export function mutatedBytes(text: string, seed: number): Uint8Array {
  const bytes = new TextEncoder().encode(mutated(text, seed));
  const next = generator(seed + 1_000_000);
  if (next(2) === 0 && bytes.length > 0) bytes[next(bytes.length)] = next(256);
  return bytes;
}

function mutate(text: string, next: Next): string {
  const at = next(text.length + 1);
  const length = next(12);
  switch (next(5)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length);
    case 1:
      return text.slice(0, at) + (pieces[next(pieces.length)] ?? "") + text.slice(at);
    case 2:
      return text.slice(0, at) + (pieces[next(pieces.length)] ?? "") + text.slice(at + length);
    case 3: {
      const from = next(text.length + 1);
      return text.slice(0, at) + text.slice(from, from + next(80)) + text.slice(at);
    }
    default:
      return text.slice(0, at) + String.fromCharCode(next(256)) + text.slice(at + 1);
  }
}
