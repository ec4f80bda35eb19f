import { expect, test } from "bun:test";
import { isReplaceable } from "../../services/modules/bundled.ts";
import { concernOf } from "../../services/modules/changes.ts";

const files = new Map([
  ["api", new Set(["modules/api-module.ts", "api/app.ts", "tasks/report.ts"])],
  ["worker", new Set(["modules/worker-module.ts", "tasks/report.ts"])],
]);

test.each([
  [["api/app.ts"], ["api"], []],
  [["tasks/report.ts"], ["api", "worker"], []],
  [["modules/worker-module.ts", "api/app.ts"], ["api", "worker"], []],
  [["api/new.ts"], [], []],
  [["kit/serve.ts"], [], ["kit/serve.ts"]],
  [["main.ts", "tasks/report.ts"], ["api", "worker"], ["main.ts"]],
  [[], [], []],
])("a change of %j concerns the modules %j, and of the process %j", (changed, modules, foreign) => {
  expect(concernOf(changed, files, isReplaceable)).toEqual({ modules, foreign });
});

test.each([
  ["api/new.ts", ["worker"]],
  ["tasks/report.ts", ["api", "worker"]],
  ["kit/serve.ts", []],
])("while the worker's last copy could not be loaded, a change of %s concerns %j", (changed, modules) => {
  expect(concernOf([changed], new Map([...files, ["worker", null]]), isReplaceable).modules).toEqual(modules);
});

test.each([
  ["api/app.ts", true],
  ["worker/deep/a.ts", true],
  ["tasks/a.js", true],
  ["modules/api-module.ts", true],
  ["modules/host.ts", false],
  ["modules/module.ts", false],
  ["modules/deep/api-module.ts", false],
  ["kit/serve.ts", false],
  ["queue/queue.ts", false],
  ["main.ts", false],
  ["../config/schema.ts", false],
  ["api/data.json", false],
])("whether %s goes with a module: %j", (file, is) => {
  expect(isReplaceable(file)).toBe(is);
});
