/** What the generators of containers must know of the project, besides its units. */
export type ContainerOptions = Readonly<{
  /** A DNS label. Shape: `shop`. */
  project: string;
  /** What stands before the name of each image. Shape: `ghcr.io/acme/`, or nothing. */
  registry: string;
  /** Shape: `1.4.0`. */
  tag: string;
  /** What `runtime = "auto"` means. */
  self: "bun" | "deno";
  /** The files of `config/` that an image may hold. Shape: `{ name: "default.toml", text: "…" }`. */
  config: readonly Readonly<{ name: string; text: string }>[];
  queue: Readonly<{ url: string; concurrency: number }>;
}>;

/** Where the project lies in an image. */
export const ROOT = "/app";
/** The state directory, and the one place below the root that may be written. */
export const STATE = "/app/.supervisor";
export const CREDENTIALS = "/run/credentials";
/** The account `nonroot` of the distroless images. Source: GoogleContainerTools/distroless, base/base.bzl. */
export const NOBODY = 65_532;
