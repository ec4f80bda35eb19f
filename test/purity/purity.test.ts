import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wordFaults } from "./house.ts";
import { readSources } from "./source.ts";

const project = join(import.meta.dir, "../..");
const pure = /^supervisor\/(?:core|unit|generate)\//;

/** The language itself has these, so the compiler lets them pass; they answer differently each time they are asked. */
const UNSTEADY =
  /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|(?<!new\s)\bDate\s*\(|\bMath\s*\.\s*random\b|\bperformance\b|\bprocess\s*[.[]/g;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "supervisor-purity-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles one file as if it lay in `supervisor/core`, by the settings that hold there; gives what the compiler says. */
function compile(text: string): string {
  const root = mkdtempSync(join(folder, "core-"));
  mkdirSync(join(root, "supervisor/core"), { recursive: true });
  writeFileSync(join(root, "supervisor/core/tried.ts"), text);
  const settings = { extends: join(project, "tsconfig.core.json"), include: [join(root, "supervisor/core")] };
  writeFileSync(join(root, "tsconfig.json"), JSON.stringify(settings));
  const tsc = join(project, "node_modules/.bin/tsc");
  const { stdout, stderr } = spawnSync(tsc, ["-p", root, "--pretty", "false"], { encoding: "utf8", timeout: 60_000 });
  return `${stdout}${stderr}`;
}

test("the compiler lets a pure file pass", () => {
  expect(compile("export const sum = (a: number, b: number): number => Math.max(a, 0) + b;\n")).toBe("");
}, 60_000);

test.each([
  ["setTimeout", "setTimeout(() => {}, 1);"],
  ["console", 'console.log("x");'],
  ["process", "export const env = process.env;"],
  ["fetch", 'export const answer = fetch("http://127.0.0.1");'],
  ["performance", "export const at = performance.now();"],
  ["node:fs", 'export { readFileSync } from "node:fs";'],
  ["Bun", "export const version = Bun.version;"],
])(
  "the compiler refuses %s in the pure folders",
  (name, text) => {
    const said = compile(text);
    expect(said).toContain("supervisor/core/tried.ts(1,");
    expect(said).toContain(`'${name}'`);
  },
  60_000,
);

test("the pure folders ask neither the time nor chance nor the process", () => {
  expect(
    wordFaults(
      UNSTEADY,
      readSources(project).filter(({ path }) => pure.test(path)),
    ),
  ).toEqual([]);
});

test.each([
  "Date.now()",
  "new Date()",
  "Date()",
  "Math.random()",
  "performance.now()",
  "process.hrtime()",
  'process["env"]',
])("%s is found in the code, not in a comment or a string", (word) => {
  expect(wordFaults(UNSTEADY, [{ path: "a.ts", text: `const a = ${word};` }])).toHaveLength(1);
  expect(wordFaults(UNSTEADY, [{ path: "a.ts", text: `// ${word}\nconst a = '${word}';` }])).toEqual([]);
});

test("a date that is computed from a number is pure", () => {
  expect(
    wordFaults(UNSTEADY, [{ path: "a.ts", text: "const a = new Date(ms).toISOString(); const processes = 1;" }]),
  ).toEqual([]);
});
