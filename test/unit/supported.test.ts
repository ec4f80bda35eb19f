import { expect, test } from "bun:test";
import { faultLine } from "../../supervisor/unit/fault.ts";
import { parseUnit } from "../../supervisor/unit/parse.ts";
import { sections } from "../../supervisor/unit/schema.ts";
import { effective, notYet } from "../../supervisor/unit/supported.ts";
import { faultsOf, unit } from "./sample.ts";

test("every key of the schema is either effective or not yet, and neither list has another key", () => {
  const keys = Object.entries(sections).flatMap(([section, readers]) =>
    Object.keys(readers).map((key) => `${section}.${key}`),
  );
  expect([...effective, ...notYet].sort()).toEqual(keys.sort());
});

const service = '[service]\nscript = "a.ts"\n';
const refusals = (text: string): readonly string[] => faultsOf(parseUnit("api", "api.toml", text)).map(faultLine);

test("a key without effect is refused with its place, never ignored", () => {
  const text = `${service}load_credential_encrypted = { db = "db.cred" }\n`;
  expect(refusals(text)).toEqual(["api.toml:3: service.load_credential_encrypted: not supported yet"]);
  expect(faultsOf(parseUnit("api", "api.toml", text))[0]?.code).toBe("not-supported");
});

test("a key without effect may be set to what it is anyway", () => {
  expect(unit("api", `${service}load_credential_encrypted = {}\n`).service.loadCredentialEncrypted).toEqual({});
});
