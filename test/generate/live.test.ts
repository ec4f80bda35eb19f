import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { generateCompose } from "../../supervisor/generate/compose.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { OPTIONS } from "./container-options.ts";
import type { Document } from "./kubernetes-schema.ts";
import { containerOf, manifestsOf, ownUnits } from "./manifests.ts";

setDefaultTimeout(60_000);

const project = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "supervisor-live-"));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** The files are for an image; here the same stands elsewhere. */
function here(word: string, port: number): string {
  return word
    .replace(/^\/usr\/local\/bin\//, join(project, "node_modules/.bin/"))
    .replace(/^\/app\//, `${project}/`)
    .replaceAll(/\b80(?:80|81)\b/g, String(port));
}

/** Without probes of their own: those of the bundled services are known anyway. */
const units = ownUnits.map((unit) => ({ ...unit, probes: {} }));

describe.each(["bun", "deno"] as const)("on %s", (self) => {
  const manifests = manifestsOf(units, { self });
  const image = {
    ...OPTIONS,
    self,
    runtimes: [self],
    versions: { bun: "1", deno: "2", node: "24" },
    install: "npm",
    program: null,
  } as const;
  const compose: Document = parse(
    generateCompose(units, { ...image, context: ".", folder: "" }).files.get("compose.yaml") ?? "",
  );

  test.each(["api", "worker"])(
    "%s runs by the command and the environment of its pod, and answers every probe, its scraper and Docker's check",
    async (name) => {
      const port = await freePort();
      const { command, env, startupProbe, readinessProbe, livenessProbe } = containerOf(
        manifests.only("Deployment", name),
      );
      const variables = env.flatMap((each: Document) =>
        each.value === undefined ? [] : [[each.name, here(each.value, port)]],
      );
      const [program, ...args] = command.map((word: string) => here(word, port));
      const queue = { QUEUE_URL: `sqlite:${join(folder, `${self}.db`)}`, PATH: process.env.PATH ?? "", HOME: folder };
      const child = spawn(program, args, {
        cwd: project,
        env: { ...Object.fromEntries(variables), ...queue },
        stdio: "ignore",
      });
      children.add(child);
      const asked = async (path: string) =>
        (
          await fetch(`http://127.0.0.1:${port}${path}`, {
            signal: AbortSignal.timeout(5_000),
            headers: { connection: "close" },
          })
        ).status;
      const isWell = (path: string) =>
        asked(path).then(
          (status) => status === 200,
          () => false,
        );
      const [metrics] = manifests.only("ServiceMonitor", name).spec.endpoints;
      const probes = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet.path);
      // As the kubelet does: a route that is there answers well in the end, and one that is not never does.
      for (const path of [...probes, metrics.path]) await eventually(() => isWell(path), 30_000, path);
      const [, ...check] = compose.services[name].healthcheck.test.map((word: string) =>
        here(word.replaceAll("$$", "$"), port),
      );
      const look = () => spawnSync(check[0], check.slice(1), { timeout: 20_000, env: { ...queue } }).status;
      expect(look()).toBe(0);
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      expect(await gone).toBe(0);
      expect(look()).toBe(1);
    },
  );
});
