/**
 * Finds the known word that a misspelt one was meant to be. `null` when none is near.
 * Shape: "restrat_sec" → "restart_sec"; "RestartSec" (systemd's spelling) → "restart_sec"; "colour" → null.
 */
export function nearest(word: string, known: Iterable<string>): string | null {
  const folded = fold(word);
  if (folded.length > LONGEST) return null;
  const limit = Math.max(1, Math.floor(folded.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - folded.length) >= bestDistance) continue;
    const distance = damerauLevenshtein(folded, fold(candidate));
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** Renders the suggestion for the end of a message, or nothing. Shape: " (did you mean `restart_sec`?)". */
export function didYouMean(word: string, known: Iterable<string>): string {
  const found = nearest(word, known);
  return found === null ? "" : ` (did you mean \`${found}\`?)`;
}

/** Longer words are no slips of the finger; the bound keeps a hostile file from costing time. */
const LONGEST = 64;

function fold(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll("-", "_");
}

/** Counts inserted, dropped, changed and swapped letters, keeping three rows of the table. */
function damerauLevenshtein(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + changed);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
