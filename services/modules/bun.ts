import { fileURLToPath, pathToFileURL } from "node:url";
import type { Redirect } from "./copies.ts";

/** Has Bun ask how a relative import is to be resolved. Source: Bun's plugins, `onResolve`; Bun 1.4 has no `registerHooks` of `node:module`. */
export function onBunResolve(redirect: Redirect): void {
  Bun.plugin({
    name: "copies",
    setup(build) {
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) => {
        const parent = pathToFileURL(importer);
        const other = redirect(new URL(path, parent), parent);
        return other ? { path: bunAddress(other) } : undefined;
      });
    },
  });
}

/** As a path: of a URL of a file, Bun leaves the query out. */
export const bunAddress = (url: URL): string => fileURLToPath(url) + url.search;
