import { request } from "node:http";
import { fileURLToPath } from "node:url";
import type { Daemon } from "../test/support/daemon.ts";
import type { RuntimeName } from "../test/support/root.ts";
import { apiUnit, type Sections } from "../test/support/unit-text.ts";

const SERVICE = fileURLToPath(new URL("./services/generation.ts", import.meta.url));
const BOUND_MS = 120_000;

/** A verdict as the control API gives it, and when it came. Units: milliseconds since 1970. */
export type Ended = Readonly<{ result: string; message: string; askedAtMs: number; atMs: number }>;

/** The unit file of `services/generation.ts`; the soak is left out, so that READY is followed by the drain at once. */
export function generationUnit(runtime: RuntimeName, more: Sections = {}): string {
  const service = { script: JSON.stringify(SERVICE), ...more.service };
  return apiUnit(runtime, { ...more, service, handover: { soak_sec: '"0"', drain_sec: '"60s"', ...more.handover } });
}

export async function addressOf(daemon: Daemon, unit = "api"): Promise<string> {
  return (await daemon.unit(unit)).listeners[0]?.address ?? "";
}

/** Orders a reload and waits for its verdict. Errors: throws when there is none within two minutes. */
export async function handOver(daemon: Daemon, unit = "api"): Promise<Ended> {
  const askedAtMs = wallMs();
  const reply = await post(daemon.controlPath, `/v1/units/${unit}/reload?wait=${BOUND_MS}ms`);
  const { verdicts } = JSON.parse(reply) as { verdicts?: readonly Pick<Ended, "result" | "message">[] };
  const [verdict] = verdicts ?? [];
  if (!verdict) throw new Error(`no verdict: ${reply}`);
  return { result: verdict.result, message: verdict.message, askedAtMs, atMs: wallMs() };
}

/** As `handOver`. Errors: throws, too, when the old generation stayed. */
export async function mustHandOver(daemon: Daemon, unit = "api"): Promise<Ended> {
  const ended = await handOver(daemon, unit);
  if (ended.result !== "done") throw new Error(ended.message);
  return ended;
}

/** Waits until nobody drains any more. */
export async function drained(daemon: Daemon, unit = "api"): Promise<void> {
  await daemon.until(unit, ({ instances }) => instances.length === 1, "the old generation is gone", BOUND_MS);
}

export const wallMs = () => performance.timeOrigin + performance.now();

/** Gives an order on the control socket. Errors: rejects when there is no answer within two minutes. */
export function post(socketPath: string, path: string, body: unknown = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method: "POST", timeout: BOUND_MS, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("error", reject).on("end", () => resolve(text));
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer to ${path}`)));
    asked.on("error", reject).end(JSON.stringify(body));
  });
}
