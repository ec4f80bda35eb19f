import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { missingOf } from "../support/missing.ts";
import { type Document, schemaFaults } from "./kubernetes-schema.ts";
import { containerOf, manifestsOf, ownUnits, templateOf } from "./manifests.ts";

setDefaultTimeout(60_000);

const isMissing = missingOf(["kubectl"]).length > 0;
if (isMissing) console.warn("kubectl is not on this machine: what kustomize makes of the folders is not looked at");

const folder = mkdtempSync(join(tmpdir(), "supervisor-kustomize-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const [name, text] of manifestsOf(ownUnits, { tag: "2.0.0" }).files) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

/** What kustomize builds of an overlay. */
function build(overlay: string): readonly Document[] {
  const options = { encoding: "utf8", timeout: 30_000 } as const;
  const { stdout, stderr, status } = spawnSync("kubectl", ["kustomize", join(folder, "overlays", overlay)], options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return parseAllDocuments(stdout).map((each): Document => each.toJS());
}

const one = (documents: readonly Document[], kind: string, name: string): Document =>
  documents.find((each) => each.kind === kind && each.metadata.name === name) ?? {};

test.skipIf(isMissing)(
  "kustomize builds production: replicas are the scalers' to say, and a changed config is another ConfigMap",
  () => {
    const built = build("production");
    const config = built.find(({ kind }) => kind === "ConfigMap");
    expect(config?.metadata.name).toMatch(/^config-[a-z0-9]{10}$/);
    for (const name of ["api", "worker"]) {
      const deployment = one(built, "Deployment", name);
      expect(deployment.metadata.namespace).toBe("shop");
      expect(deployment.spec.replicas).toBeUndefined();
      expect(containerOf(deployment).image).toBe(`ghcr.io/acme/${name}:2.0.0`);
      const volume = templateOf(deployment).spec.volumes.find((each: Document) => each.name === "config");
      expect(volume.configMap.name).toBe(config?.metadata.name);
    }
    expect(schemaFaults(built.filter(({ kind }) => kind !== "ConfigMap"))).toEqual([]);
  },
);

test.skipIf(isMissing)("kustomize builds development: one pod of each, without what a cluster needs more for", () => {
  const built = build("development");
  expect(one(built, "HorizontalPodAutoscaler", "api").spec).toMatchObject({ minReplicas: 1, maxReplicas: 1 });
  expect(one(built, "Deployment", "worker").spec.replicas).toBe(1);
  expect(built.map(({ kind }) => kind)).not.toContain("ScaledObject");
  expect(built.map(({ kind }) => kind)).not.toContain("ServiceMonitor");
});
