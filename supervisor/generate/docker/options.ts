import type { ContainerOptions } from "../container/options.ts";

/** What the Dockerfiles need besides. Source of the versions: the runtimes that the package is tested with. */
export type DockerOptions = ContainerOptions &
  Readonly<{
    /** Which runtimes images are written for, where a unit has no opinion. */
    runtimes: readonly ("bun" | "deno")[];
    versions: Readonly<{ bun: string; deno: string; node: string }>;
    /** What the project's packages are installed with, by the lock file that it has. Null: it has none. */
    install: "npm" | "bun" | "deno" | null;
    /** The supervisor's program, below the root of the project. Null: it is not there. */
    program: string | null;
  }>;
