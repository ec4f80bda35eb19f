import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configSchema } from "../../config/schema.ts";
import { readWebhookPolicy } from "../../services/tasks/webhook-policy.ts";

const SECRET = `whsec_${Buffer.alloc(24, 1).toString("base64")}\n`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "policy-"));
  writeFileSync(join(folder, "webhook_secret"), SECRET);
  writeFileSync(join(folder, "other"), SECRET + SECRET);
  writeFileSync(join(folder, "bad"), "hush");
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (worker: Record<string, unknown>, env: Record<string, string> = {}) =>
  readWebhookPolicy(configSchema.parse({ worker }).worker, env);
const named = (name: string) => ({ webhook_secret_file: join(folder, name) });

test("the secret is the unit's credential, or the file that is named; without either nothing is signed", () => {
  const credential = { CREDENTIALS_DIRECTORY: folder };
  expect(read({}, credential)).toMatchObject({ reach: "local", secrets: [{ length: 24 }] });
  expect(read(named("other"), credential)).toMatchObject({ secrets: [{ length: 24 }, { length: 24 }] });
  expect(read({ webhook_reach: "any" })).toMatchObject({ reach: "any", secrets: [] });
  expect(read({}, { CREDENTIALS_DIRECTORY: join(folder, "none") })).toMatchObject({ secrets: [] });
});

test("a file that was named and is not there, or holds something else, is a fault that keeps what it holds to itself", () => {
  expect(read(named("missing"))).toBe(`${folder}/missing: cannot be read: ENOENT`);
  expect(read({ webhook_secret_file: folder })).toBe(`${folder}: cannot be read: EISDIR`);
  expect(read(named("bad"))).toMatch(/bad: line 1: must be whsec_/);
  expect(read(named("bad"))).not.toContain("hush");
});
