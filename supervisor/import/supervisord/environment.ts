/** The variables of an `environment=` line, and what is left when it cannot be read to its end. */
export type Pairs = Readonly<{ variables: ReadonlyMap<string, string>; rest: string }>;

/**
 * Reads `KEY="a,b",OTHER='c',PLAIN=d`. Values may be quoted; bare ones end at a comma.
 * Source: supervisor/datatypes.py, dict_of_key_value_pairs, which is Python's shlex with `/.+-():` added to its letters.
 */
export function environmentPairs(text: string): Pairs {
  const variables = new Map<string, string>();
  let rest = text.trim();
  for (let found = PAIR.exec(rest); found !== null; found = PAIR.exec(rest)) {
    const [all, name = "", double, single, bare = ""] = found;
    variables.set(name, double?.replace(/\\(["\\])/g, "$1") ?? single ?? bare.trim());
    rest = rest.slice(all.length);
  }
  return { variables, rest };
}

const PAIR = /^[\s,]*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?:"((?:\\.|[^"\\])*)"|'([^']*)'|([^,"'\n]*))\s*(?=,|$|\n)[,\s]*/;
