import { lstatSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";

/** How long nothing may have changed before the change is taken for whole: editors write in several steps. Units: milliseconds. */
const quietMs = 200;
/** A file that is written for ever is looked at all the same. Units: milliseconds. */
const longestMs = 2_000;

export type WatchOptions = Readonly<{
  /** They may be missing, and come later. */
  folders: readonly string[];
  /** Something in them may have changed: called once for each flurry of changes, and once when the watch begins. */
  changed: () => void;
  /** The operating system refuses to watch. */
  failed: (message: string) => void;
  /** Has it looked every few seconds. Gives the way to end that. */
  lookOften: (look: () => void) => () => void;
}>;

export interface Watch {
  close(): Promise<void>;
}

/**
 * Watches the unit files and the configuration. The operating system tells of a change; nothing is asked for again and again but
 * whether the folders are still those.
 * Why: the package is loaded here, after the units are started, since nobody waits for it. The root, which would tell of a folder
 * that comes, is not watched: services write their own files there, and each line would wake the daemon. A folder tells of the
 * files in it: one watch for each of hundreds costs 15 KiB apiece, so only links have one, which may lead elsewhere.
 */
export async function watchFolders({ folders, changed, failed, lookOften }: WatchOptions): Promise<Watch> {
  const { watch } = await import("chokidar");
  const flurry = createFlurry(() => {
    if (identities(folders) !== watched.identities) renew();
    changed();
  });

  const open = () => {
    const seen = folders.map(identity);
    const found = folders.filter((_, index) => seen[index] !== null);
    const watcher = watch(found, {
      ignoreInitial: true,
      depth: 0,
      ignored: (path) => !folders.includes(path) && !(isBelow(folders, path) && isLink(path)),
    });
    const now: { identities: string | null; watcher: typeof watcher } = { identities: seen.join(), watcher };
    watcher.on("all", flurry.stir);
    watcher.on("raw", (_event, path, about) => {
      const { watchedPath } = about as Readonly<{ watchedPath: string }>;
      if (!folders.includes(watchedPath)) return;
      // The folder itself is gone, or elsewhere. One that comes back may have its very number.
      const isItself = path === basename(watchedPath);
      if (isItself) now.identities = null;
      if (isItself || concerns(path)) flurry.stir();
    });
    if (found.length > 0) watcher.on("ready", flurry.stir);
    else flurry.stir();
    watcher.on("error", (error) => failed(error instanceof Error ? error.message : String(error)));
    return now;
  };

  let watched = open();
  const renew = (): void => {
    void watched.watcher.close();
    watched = open();
  };
  const stopLooking = lookOften(() => {
    if (identities(folders) !== watched.identities) flurry.stir();
  });
  return {
    close() {
      stopLooking();
      flurry.end();
      return watched.watcher.close();
    },
  };
}

const identities = (folders: readonly string[]): string => folders.map(identity).join();

/** Which folder this is at the moment; null: there is none. */
function identity(folder: string): string | null {
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat?.isDirectory() ? `${stat.dev}:${stat.ino}:${stat.birthtimeMs}` : null;
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
