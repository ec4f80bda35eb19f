/** What a change of files concerns. */
export type Concern = Readonly<{ modules: readonly string[]; foreign: readonly string[] }>;

/** The files that a module is made of. Null: its last copy could not be loaded, so nobody knows where the fault is. */
export type Files = ReadonlySet<string> | null;

/**
 * Sorts changed files: the modules that may be made of one of them, and what belongs to the process itself. One that could be
 * replaced but that no module is made of concerns nobody.
 * Shape: changed `tasks/a.ts` and `kit/b.ts`; `api` and `worker` are made of the first → `{ modules: ["api", "worker"], foreign: ["kit/b.ts"] }`.
 */
export function concernOf(
  changed: readonly string[],
  files: ReadonlyMap<string, Files>,
  isReplaceable: (path: string) => boolean,
): Concern {
  const replaceable = changed.filter(isReplaceable);
  const isConcerned = (own: Files): boolean => replaceable.some((path) => own === null || own.has(path));
  const modules = [...files].flatMap(([name, own]) => (isConcerned(own) ? [name] : []));
  return { modules, foreign: changed.filter((path) => !isReplaceable(path)) };
}
