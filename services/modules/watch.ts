import { watch } from "chokidar";

/** How long nothing may have changed before the change is taken for whole: editors write in several steps. Units: milliseconds. */
const QUIET_MS = 100;

/** A file that is written for ever is told all the same. Units: milliseconds. */
const LONGEST_MS = 2_000;

/** What programs are written in. */
const PROGRAM = /\.(?:[cm]?[jt]sx?|json)$/;

export type WatchOptions = Readonly<{
  folder: string;
  /** Files that were written, made or taken away, once for each flurry of changes. */
  changed: (paths: readonly string[]) => void;
  /** The operating system refuses to watch. */
  failed: (error: unknown) => void;
}>;

export interface Watch {
  close(): Promise<void>;
}

/** Watches the program files of a folder. Resolves when no change is missed any more. */
export async function watchPrograms({ folder, changed, failed }: WatchOptions): Promise<Watch> {
  const flurry = createFlurry(changed);
  const watcher = watch(folder, {
    ignoreInitial: true,
    ignored: (path, stats) => stats?.isFile() === true && !PROGRAM.test(path),
  });
  const begun = new Promise<void>((resolve) => watcher.once("ready", resolve));
  watcher.on("all", (_event, path) => {
    if (PROGRAM.test(path)) flurry.stir(path);
  });
  watcher.on("error", failed);
  await begun;
  return {
    close() {
      flurry.end();
      return watcher.close();
    },
  };
}

/** Gathers until things have been quiet, or when they never are. */
function createFlurry(
  settled: (paths: readonly string[]) => void,
): Readonly<{ stir(path: string): void; end(): void }> {
  const paths = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let first: number | null = null;
  const settle = (): void => {
    const all = [...paths];
    first = null;
    paths.clear();
    settled(all);
  };
  return {
    stir(path) {
      const now = performance.now();
      first ??= now;
      paths.add(path);
      clearTimeout(timer);
      timer = setTimeout(settle, Math.max(0, Math.min(QUIET_MS, first + LONGEST_MS - now)));
    },
    end: () => clearTimeout(timer),
  };
}
