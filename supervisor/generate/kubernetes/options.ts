import type { ContainerOptions } from "../container/options.ts";

/** What the manifests need besides the images. */
export type KubernetesOptions = ContainerOptions &
  Readonly<{
    /** Null: whatever `kubectl` is told. */
    namespace: string | null;
    /** The units whose pods ask for less than they may take; the others are Guaranteed. */
    burstable: ReadonlySet<string>;
  }>;
