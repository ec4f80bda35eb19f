import type { RuntimeName } from "./root.ts";

/** The daemon's runtime and the service's. */
export type Pairing = Readonly<{ daemon: RuntimeName; service: RuntimeName }>;

const runtimes = ["bun", "deno"] as const;

/** Each daemon with each service. */
export const pairings: readonly Pairing[] = runtimes.flatMap((daemon) =>
  runtimes.map((service) => ({ daemon, service })),
);

/** Each runtime with itself: for promises that do not depend on how the two meet. */
export const alike: readonly Pairing[] = runtimes.map((runtime) => ({ daemon: runtime, service: runtime }));
