import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

/** Says under which address an import is to be resolved. `parent`: who imports. Null: as ever. */
export type Redirect = (target: URL, parent: URL) => URL | null;

export type CopyOrder = Readonly<{
  /** The file to begin with. */
  url: URL;
  /** Nobody waits for it any more. */
  signal: AbortSignal;
  /** Hears of each file that the copy is made of; of all of them only when it could be loaded. */
  seen: (path: string) => void;
}>;

/** Loads files again that were loaded before. */
export interface Copies {
  /**
   * Loads a file as it is now, with all that it imports of what is replaceable; whatever else it imports is what the process has
   * already. Answers with its exports. One after the other. Errors: rejects with what the loading or the file throws, and when the signal fires.
   */
  load(order: CopyOrder): Promise<Readonly<Record<string, unknown>>>;
}

const COPY = "copy";

/**
 * Gives each copy a number, which the addresses of its files end with: `api/app.ts?copy=3`. The runtimes keep what was loaded by
 * its address, so another number is another copy. Why not only the first file: what it imports would be the old copy's.
 *
 * Costs: neither runtime ever forgets a copy: 0.3 MiB (Bun) and 0.4 MiB (Deno) for each of the API. See ADR 20.
 */
export async function createCopies(isReplaceable: (path: string) => boolean): Promise<Copies> {
  const hearers = new Map<string, (path: string) => void>();
  let last = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const addressOf = await onResolve((target, parent) => {
    const path = pathOf(target);
    if (path === null || !isReplaceable(path) || !isReplaceable(pathOf(parent) ?? "")) return null;
    // Bun says who imports without the number. Since one copy is loaded at a time, it is the last one.
    const number = parent.searchParams.get(COPY) ?? String(last);
    hearers.get(number)?.(path);
    return numbered(target, number);
  });

  const load = async ({ url, signal, seen }: CopyOrder): Promise<Readonly<Record<string, unknown>>> => {
    signal.throwIfAborted();
    last++;
    const number = String(last);
    hearers.set(number, seen);
    seen(fileURLToPath(url));
    try {
      return await Promise.race([import(addressOf(numbered(url, number))), rejectedBy(signal)]);
    } finally {
      hearers.delete(number);
    }
  };

  return {
    load(order) {
      const loading = turn.then(() => load(order));
      turn = loading.catch(() => undefined);
      return loading;
    },
  };
}

/** Node and Deno have one way to do it, Bun another. Gives the way to write an address so that an import keeps all of it. */
async function onResolve(redirect: Redirect): Promise<(url: URL) => string> {
  if (!("registerHooks" in nodeModule)) {
    const { bunAddress, onBunResolve } = await import("./bun.ts");
    onBunResolve(redirect);
    return bunAddress;
  }
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      if (context.parentURL === undefined) return resolved;
      const other = redirect(new URL(resolved.url), new URL(context.parentURL));
      return other ? { ...resolved, url: other.href } : resolved;
    },
  });
  return (url) => url.href;
}

function numbered(url: URL, number: string): URL {
  const copy = new URL(url);
  copy.searchParams.set(COPY, number);
  return copy;
}

const pathOf = (url: URL): string | null => (url.protocol === "file:" ? fileURLToPath(url) : null);

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
