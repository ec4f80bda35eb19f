import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { convertWorkflowTemplate } from "@actions/workflow-parser/model/convert";
import manifest from "../../package.json" with { type: "json" };

const project = join(import.meta.dirname, "../..");
const content = readFileSync(join(project, ".github/workflows/ci.yml"), "utf8");

/** What GitHub's own parser finds wrong, and the jobs that it sees. */
async function read(text: string) {
  const { context, value } = parseWorkflow({ name: "ci.yml", content: text }, new NoOperationTraceWriter());
  const faults = context.errors.getErrors().map((error) => error.message);
  if (value === undefined) return { faults, jobs: [] };
  const { errors, jobs = [] } = await convertWorkflowTemplate(context, value);
  return { faults: [...faults, ...(errors ?? []).map((error) => error.Message)], jobs };
}

test("GitHub's own parser finds no fault in the workflow", async () => {
  const { faults, jobs } = await read(content);
  expect(faults).toEqual([]);
  expect(jobs.map(({ id }) => String(id))).toEqual(["test", "executables", "release"]);
}, 20_000);

test.each([
  ["runs-on: ubuntu-latest", "run-on: ubuntu-latest"],
  ["needs: [test, executables]", "needs: [tests]"],
  ["{{ github.token }}", "{{ githb.token }}"],
])(
  "a slip in %s is a fault",
  async (right, wrong) => {
    expect(content).toContain(right);
    expect((await read(content.replace(right, wrong))).faults).not.toEqual([]);
  },
  20_000,
);

test("the workflow runs what is there", () => {
  const commands = [...content.matchAll(/- run: (.*)$/gm)].map(([, command = ""]) => command);
  const paths = commands.flatMap((command) => command.match(/(?:\.ci|test)\/\S+/g) ?? []);
  expect(paths.toSorted()).toEqual([".ci/notes.ts", ".ci/run", "test/build/executable.test.ts"]);
  for (const path of paths) expect({ path, isThere: existsSync(join(project, path)) }).toEqual({ path, isThere: true });
  const scripts = commands.flatMap((command) => /npm run (\w+)/.exec(command)?.[1] ?? []);
  expect(scripts).toEqual(["build"]);
  for (const script of scripts) expect(manifest.scripts).toHaveProperty(script);
});
