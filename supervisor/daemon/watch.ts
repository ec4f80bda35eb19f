import { lstatSync } from "node:fs";
import { basename, dirname } from "node:path";

/** How long nothing may have changed before the change is taken for whole: editors write in several steps. Units: milliseconds. */
const quietMs = 200;
/** A file that is written for ever is looked at all the same. Units: milliseconds. */
const longestMs = 2_000;

export type WatchOptions = Readonly<{
  root: string;
  /** Right below the root. They may be missing, and come later. */
  folders: readonly string[];
  /** Something in them may have changed: called once for each flurry of changes, and once when the watch begins. */
  changed: () => void;
  /** The operating system refuses to watch. */
  failed: (message: string) => void;
}>;

export interface Watch {
  close(): Promise<void>;
}

/**
 * Watches the unit files and the configuration. The operating system tells of a change; nothing is asked for again and again.
 * Why: the package is loaded here, after the units are started, since nobody waits for it. The root is what is watched: a folder
 * that is not there, or goes, cannot be. A folder tells of the files in it: one watch for each of hundreds costs 15 KiB apiece, so
 * only links have one, which may lead elsewhere.
 */
export async function watchFolders({ root, folders, changed, failed }: WatchOptions): Promise<Watch> {
  const { watch } = await import("chokidar");
  const flurry = createFlurry(changed);
  const watcher = watch(root, {
    ignoreInitial: true,
    depth: 1,
    ignored: (path) => path !== root && !folders.includes(path) && !(isBelow(folders, path) && isLink(path)),
  });
  watcher.on("all", flurry.stir);
  watcher.on("raw", (_event, path, about) => {
    const { watchedPath } = about as Readonly<{ watchedPath: string }>;
    if (folders.includes(watchedPath) && concerns(path)) flurry.stir();
  });
  watcher.on("ready", flurry.stir);
  watcher.on("error", (error) => failed(error instanceof Error ? error.message : String(error)));
  return {
    close() {
      flurry.end();
      return watcher.close();
    },
  };
}

/**
 * Whether a name in a folder is one that is read. Kubernetes mounts a ConfigMap as links through `..data`, and changes all of it by
 * turning that one link: the files themselves are the same. Without a name, it may be any.
 */
const concerns = (path: unknown): boolean => {
  return typeof path !== "string" || path.endsWith(".toml") || basename(path) === "..data";
};

const isBelow = (folders: readonly string[], path: string): boolean =>
  path.endsWith(".toml") && folders.includes(dirname(path));

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** Calls once things have been quiet, or when they never are. */
function createFlurry(settled: () => void): Readonly<{ stir(): void; end(): void }> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let first: number | null = null;
  const settle = (): void => {
    first = null;
    settled();
  };
  return {
    stir() {
      const now = performance.now();
      first ??= now;
      clearTimeout(timer);
      timer = setTimeout(settle, Math.max(0, Math.min(quietMs, first + longestMs - now)));
    },
    end: () => clearTimeout(timer),
  };
}
