/** What a unit file says and the generated files cannot. Shape: `{ unit: "api", key: "probe.liveness", why: "systemd asks no probes" }`. */
export type Loss = Readonly<{ unit: string; key: string; why: string }>;

/** Remembers a loss of one unit. */
export type Lose = (key: string, why: string) => void;
