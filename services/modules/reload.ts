import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { isReplaceable, type Make, makeOf, type Source } from "./bundled.ts";
import { concernOf, type Files } from "./changes.ts";
import { createCopies } from "./copies.ts";
import type { Host } from "./host.ts";
import { loadFault } from "./load-fault.ts";
import type { Surroundings } from "./surroundings.ts";
import { type Watch, watchPrograms } from "./watch.ts";

/** Where the services are written. */
const FOLDER = fileURLToPath(new URL("../", import.meta.url));

const shown = (path: string): string => relative(FOLDER, path);

/** Replaces modules of a running process when their files change. */
export interface Reload {
  /** Loads a module for the first time. */
  load(source: Source): Promise<Make>;
  /** From now on a change is taken; those since the first load are taken at once. */
  begin(host: Pick<Host, "replace">, surroundings: Surroundings): void;
  close(): Promise<void>;
}

/** Watches the services' files. */
export async function createReload(sources: readonly Source[], log: Logger): Promise<Reload> {
  const isOurs = (path: string): boolean => isReplaceable(shown(path));
  const copies = await createCopies(isOurs);
  const files = new Map<string, Files>();
  const early = new Set<string>();
  let take = (paths: readonly string[]): void => {
    for (const path of paths) early.add(path);
  };

  const load = async ({ name, url }: Source, signal: AbortSignal): Promise<Make> => {
    const own = new Set<string>();
    try {
      const make = makeOf(await copies.load({ url, signal, seen: (path) => own.add(path) }), name);
      files.set(name, own);
      return make;
    } catch (error) {
      files.set(name, null);
      throw loadFault(error);
    }
  };

  const watch: Watch = await watchPrograms({
    folder: FOLDER,
    changed: (paths) => take(paths),
    failed: (error) => log.error({ event: "watch.failed", err: error }),
  });
  log.info({ event: "watch.started", folder: FOLDER });

  return {
    load: (source) => load(source, new AbortController().signal),
    begin(host, surroundings) {
      take = (paths) => {
        const { modules, foreign } = concernOf(paths, files, isOurs);
        if (foreign.length > 0) log.warn({ event: "watch.restart-needed", files: foreign.map(shown) });
        if (modules.length > 0) log.info({ event: "watch.changed", files: paths.map(shown), modules });
        for (const source of sources.filter(({ name }) => modules.includes(name))) {
          void host.replace(source.name, async (signal) => (await load(source, signal))(surroundings));
        }
      };
      if (early.size > 0) take([...early]);
    },
    close: () => watch.close(),
  };
}
