/** A command line as a shell reads it. Shape: `["echo", "it's"]` → `'echo' 'it'\''s'`. */
export const quoted = (argv: readonly string[]) => argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
