// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the configuration's own.
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillPlaceholders } from "../../config/placeholder.ts";

const folder = mkdtempSync(join(tmpdir(), "placeholder-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const redis = at("redis", "s3:cret\n\n");
const env = { A: "a", EMPTY: "", CREDENTIALS_DIRECTORY: folder };
const fill = (value: unknown) => fillPlaceholders(value, { env });

test.each([
  ["plain $A {A}", "plain $A {A}", false],
  ["${A}/${A}", "a/a", false],
  ["${NONE:-d}${EMPTY:-e}", "de", false],
  ["[${EMPTY}${NONE:-}]", "[]", false],
  ["$${A}${A}", "${A}a", false],
  [`x\${file:${redis}}`, "xs3:cret\n", true],
  ["redis://:${cred:redis}@db", "redis://:s3:cret\n@db", true],
] as const)("%s → %j", (text, value, isSecret) => {
  expect(fill(text)).toMatchObject({ value, isSecret, missing: [] });
});

test("tables and arrays are filled in, and the paths of what was a placeholder are known", () => {
  const filled = fill({ a: ["x", "${A}"], b: { c: "${cred:redis}" }, n: 1 });
  expect(filled).toEqual({
    value: { a: ["x", "a"], b: { c: "s3:cret\n" }, n: 1 },
    isSecret: true,
    texts: [
      ["a", 1],
      ["b", "c"],
    ],
    missing: [],
  });
});

test.each([
  ["${NONE}", "${NONE} is not set, and there is no default"],
  ["${A", "${A does not end"],
  ["${A:-{}", "${A:- does not end"],
  ["${a b}", "${a b} is no placeholder: it takes a variable, file:PATH or cred:NAME"],
  ["${file:/no/such}", "${file:/no/such}: is not there"],
  [`\${file:${folder}}`, `\${file:${folder}}: cannot be read: EISDIR`],
  ["${cred:../redis}", "${cred:../redis}: is no credential's name"],
  ["${cred:none}", "${cred:none}: is not there"],
])("%s is told as: %s", (text, sentence) => {
  expect(fill(text).missing).toEqual([sentence]);
});

test("a file that is too long for a secret is refused, and its text is told to nobody", () => {
  const path = at("long", "x".repeat(65 * 1024));
  expect(fill(`\${file:${path}}`).missing).toEqual([`\${file:${path}}: is longer than 65536 bytes`]);
});

test("without a directory of credentials it is said what the unit lacks", () => {
  expect(fillPlaceholders("${cred:redis}", { env: {} }).missing[0]).toEndWith("the unit needs load_credential");
});
