import type { Hono } from "hono";
import type { Life } from "./life.ts";

/** What a service says of its own build. Shape: `{ version: "1.4.0", commit: "53197df", built_at: "2026-11-21T03:16:44Z" }`. */
export type BuildInfo = Readonly<{
  version: string;
  commit?: string | null;
  /** RFC 3339. */
  built_at?: string | null;
  /** How it serves (`Served.mode`), known only after `serve`: give a getter. */
  mode?: string | null;
}>;

/** Answers whether something that the service needs is there. False, or a rejection, means: not ready; a text: ready, and worth a word. */
export type ReadinessCheck = () => boolean | string | Promise<boolean | string>;

export type HealthOptions = Readonly<{
  life: Life;
  /** Read anew at each request, so it may hold getters. */
  info: BuildInfo;
  checks?: Readonly<Record<string, ReadinessCheck>>;
}>;

/**
 * Mounts `/healthz`, `/readyz` and `/info`.
 *
 * - `/healthz`: 200 for as long as the process answers at all, also while draining: nothing is gained by killing it then.
 * - `/readyz`: 200 between `life.ready()` and the drain while every check holds; 503 otherwise. A draining process takes no
 *   new connection, so only a prober that keeps its connection open ever sees this 503, once, together with
 *   `Connection: close`; its next question reaches the generation that took over. Give such a prober a threshold of two.
 * - `/info`: who is answering.
 *
 * Source: Kubernetes' meaning of liveness and readiness.
 */
// biome-ignore lint/suspicious/noExplicitAny: the routes do not depend on the app's own environment.
export function mountHealth(app: Hono<any, any, any>, options: HealthOptions): void {
  const { life, checks = {} } = options;

  app.get("/healthz", (c) => c.json({ status: "ok" }));

  app.get("/readyz", async (c) => {
    if (life.draining.aborted) return c.json({ status: "draining", checks: {} }, 503);
    if (!life.isReady) return c.json({ status: "starting", checks: {} }, 503);
    const results = Object.fromEntries(
      await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await verdict(check)] as const)),
    );
    const ready = Object.values(results).every((result) => !result.startsWith(FAILED));
    return c.json({ status: ready ? "ready" : "not ready", checks: results }, ready ? 200 : 503);
  });

  app.get("/info", (c) => c.json(identity(options.info)));
}

const FAILED = "failed";

/** A check is foreign code: what it throws is its answer. */
async function verdict(check: ReadinessCheck): Promise<string> {
  try {
    const answer = await check();
    if (typeof answer === "string") return `ok: ${answer}`;
    return answer ? "ok" : FAILED;
  } catch (cause) {
    return `${FAILED}: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

function identity(info: BuildInfo) {
  const { env, versions } = process;
  const generation = Number(env.SUPERVISOR_GENERATION);
  return {
    version: info.version,
    commit: info.commit ?? null,
    built_at: info.built_at ?? null,
    runtime: runtimeName(versions),
    pid: process.pid,
    generation: Number.isInteger(generation) ? generation : null,
    instance: env.SUPERVISOR_INSTANCE ?? null,
    mode: info.mode ?? null,
  };
}

/** Shape: `bun 1.4.5`. */
export function runtimeName(versions: Readonly<Record<string, string | undefined>>): string {
  if (versions.bun) return `bun ${versions.bun}`;
  if (versions.deno) return `deno ${versions.deno}`;
  return `node ${versions.node}`;
}
