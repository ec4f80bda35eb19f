/** What specifiers and placeholders stand for. `variables` is the merged environment. */
export type SpecifierContext = Readonly<{
  unit: string;
  instance: number;
  root: string;
  stateDir: string;
  variables: Readonly<Record<string, string>>;
}>;

/** The text with everything filled in, or the names of the variables that are not set. */
export type Expansion = Readonly<{ ok: true; value: string } | { ok: false; missing: readonly string[] }>;

/**
 * Fills in `%n` unit, `%i` instance, `%r` and `%R` the root or the release's tree, `%t` state directory, `%%`, `${VAR}` and `${VAR:-default}`.
 * Shape: "%r/${DIR:-data}" → "/srv/app/data". An empty VAR takes the default too, as in sh; `$$` and `$VAR` stay as they are.
 * Errors: the names of all missing variables. The template must have no `templateProblem`.
 * Why: what a variable holds is not expanded again, so no value can smuggle in a specifier.
 */
export function expand(template: string, context: SpecifierContext): Expansion {
  const missing: string[] = [];
  const value = template.replace(TOKEN, (token, specifier?: string, name?: string, fallback?: string) => {
    if (specifier !== undefined) return meaning(specifier, context) ?? token;
    if (name === undefined) return token;
    const found = Object.hasOwn(context.variables, name) ? context.variables[name] : undefined;
    if (found !== undefined && (found !== "" || fallback === undefined)) return found;
    if (fallback !== undefined)
      return fallback.replace(SPECIFIER, (all, letter: string) => meaning(letter, context) ?? all);
    missing.push(name);
    return token;
  });
  return missing.length === 0 ? { ok: true, value } : { ok: false, missing };
}

/** Says what is wrong with a template itself, before any value is known; `null` when nothing is. */
export function templateProblem(template: string): string | null {
  for (const [, letter] of template.matchAll(SPECIFIER)) {
    if (!"nirRt%".includes(letter || "?")) {
      return `has an unknown specifier \`%${letter}\`; there are %n, %i, %r, %R, %t, and %% for a percent sign`;
    }
  }
  const [, open] = OPEN.exec(template.replace(PLACEHOLDER, "")) ?? [];
  if (open === undefined) return null;
  return `has a placeholder \`\${${open}…\` that does not end, or whose default holds a brace`;
}

const SPECIFIER = /%(.?)/gsu;
const PLACEHOLDER = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}/g;
const TOKEN = new RegExp(`${SPECIFIER.source}|${PLACEHOLDER.source}`, "gsu");
const OPEN = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-|$)/;

function meaning(specifier: string, context: SpecifierContext): string | null {
  switch (specifier) {
    case "n":
      return context.unit;
    case "i":
      return String(context.instance);
    case "r":
    case "R":
      return context.root;
    case "t":
      return context.stateDir;
    case "%":
      return "%";
    default:
      return null;
  }
}
