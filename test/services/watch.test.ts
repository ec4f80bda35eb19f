import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startLoad } from "../support/load.ts";
import { apiUrl, CLOSE, settled, submit } from "./api-client.ts";
import { type Program, type RuntimeName, runtimes } from "./program.ts";
import { hear, Tree } from "./tree.ts";

setDefaultTimeout(90_000);

const APP = "services/api/app.ts";
const VIEW = "services/api/task-view.ts";
const LIMIT = "services/api/rate-limit.ts";
const NEW = "services/api/new.ts";
const MODULE = "services/modules/api-module.ts";
const REPORT = "services/tasks/report-aggregate.ts";

const HONO = "const app = new Hono();";
const ILL = 'app.get("/healthz", (c) => c.text("ill", 500));';

/** What comes first in the start of the API's module. */
const START = /(?<=async start\(\{[^}]*\}\) \{)/;

const sum = { type: "report.aggregate", payload: { rows: [{ k: "a", v: 1 }], group_by: "k", sum: "v" } };

const result = async (url: string) => (await settled(url, await submit(url, sum))).result;

type Scene = Readonly<{
  tree: Tree;
  program: Program;
  url: string;
  ask: (path: string) => Promise<Record<string, unknown>>;
  ready: () => Promise<{ status: string; checks: Record<string, string> }>;
  /** Who answers. */
  generation: () => Promise<unknown>;
}>;

/**
 * Runs a tree with --watch, and with a route by which an answer tells who gave it; takes all of it away. `meanwhile`: until the
 * API is up, whose first start takes a moment.
 */
async function watched(
  runtime: RuntimeName,
  act: (scene: Scene) => Promise<void>,
  meanwhile: (tree: Tree, program: Program) => Promise<void> = async () => undefined,
): Promise<void> {
  const tree = new Tree();
  const echo = 'app.get("/echo", (c) => c.json({ n: Number(c.req.query("n")), generation: "1" }));\n  ';
  tree.change(APP, /(?=app\.notFound\()/, echo);
  tree.change(
    MODULE,
    START,
    "\nif (!globalThis.begun) await new Promise((begun) => setTimeout(begun, 300));\nglobalThis.begun = true;",
  );
  tree.keep();
  const program = tree.run(runtime, "all-in-one", "--watch");
  try {
    await meanwhile(tree, program);
    const url = await apiUrl(program);
    const ask = async (path: string) => (await fetch(url + path, { headers: CLOSE })).json();
    const generation = async () => (await ask("/echo?n=1")).generation;
    await act({ tree, program, url, ask, ready: () => ask("/readyz"), generation });
    expect(await program.end("SIGTERM")).toBe(0);
    expect(program.stderr).toBe("");
  } finally {
    program.child.kill("SIGKILL");
    await program.exited;
    tree.away();
  }
}

describe.each(runtimes)("on %s", (runtime) => {
  test.concurrent("changed files are taken while requests go on, and none fails", () =>
    watched(runtime, async ({ tree, program, url, ask, ready }) => {
      const load = await startLoad({ address: url.slice(7), keepAlive: 4, oneShot: 4, thinkMs: 5, leastPerLoop: 5 });
      try {
        expect(await result(url)).toEqual({ groups: { a: 1 }, rows: 1 });
        let heard = hear(program);
        tree.change(REPORT, "rows: this.#rows", "count: this.#rows");
        // Both are made of it: each takes a copy of its own.
        await Promise.all(["worker", "api"].map((module) => heard("module.replaced", module)));
        expect(await result(url)).toEqual({ groups: { a: 1 }, count: 1 });

        heard = hear(program);
        tree.change(VIEW, "id: task.id,", 'id: task.id,\n    colour: "blue",');
        tree.change(APP, 'generation: "1"', 'generation: "2"');
        expect((await heard("watch.changed")).files?.toSorted()).toEqual(["api/app.ts", "api/task-view.ts"]);
        await heard("module.replaced", "api");
        const id = await submit(url, sum);
        expect(await ask(`/tasks/${id}`)).toMatchObject({ id, colour: "blue" });
        expect(await ready()).toMatchObject({ status: "ready", checks: { "module.api": "ok", "module.worker": "ok" } });
      } finally {
        await load.stop();
      }
      const { failed, samples, generations } = await load.stop();
      expect({ failed, samples }).toEqual({ failed: 0, samples: [] });
      expect(Object.keys(generations).toSorted()).toEqual(["1", "2"]);
    }));

  test.concurrent("what is not fit to take over is refused, with its reason in the log and in /readyz; the copy before goes on", () =>
    watched(runtime, async ({ tree, program, ready, generation }) => {
      for (const [stage, words, change] of unfit(tree)) {
        const heard = hear(program);
        tree.restore();
        change();
        const { stage: reached, err } = await heard("module.kept", "api");
        expect([reached, err?.message]).toEqual([stage, expect.stringMatching(words)]);
        const { status, checks } = await ready();
        const reason = `ok: another copy was refused: ${stage}: ${err?.message}`;
        expect([status, checks["module.api"], await generation()]).toEqual(["ready", reason, "1"]);
      }
      let heard = hear(program);
      tree.restore();
      tree.write(NEW, "export const value = = 1;\n");
      tree.change(APP, /^/, `import "./new.ts";\n`);
      await heard("module.kept", "api");
      heard = hear(program);
      tree.write(NEW, "export const value = 1;\n");
      await heard("module.replaced", "api");
      expect(await ready()).toMatchObject({ status: "ready", checks: { "module.api": "ok" } });
    }));

  test.concurrent("a change while a copy is on its way, the first one too, is the one that counts; what belongs to the process is told, and left", () =>
    watched(
      runtime,
      async ({ tree, program, generation }) => {
        const becomes = (number: string) =>
          eventually(async () => (await generation()) === number, 20_000, `generation ${number} answers`);
        await becomes("2");
        for (const [file, from, hang] of [
          [APP, /$/, "await new Promise(() => {});\n"],
          [MODULE, START, "\nawait new Promise(() => {});"],
        ] as const) {
          let heard = hear(program);
          tree.change(file, from, hang);
          await heard("watch.changed");
          heard = hear(program);
          tree.restore();
          await heard("module.replaced", "api");
        }
        const heard = hear(program);
        tree.change("services/kit/notify.ts", /$/, "// changed\n");
        expect((await heard("watch.restart-needed")).files).toEqual(["kit/notify.ts"]);
        tree.change(APP, 'generation: "2"', 'generation: "3"');
        await becomes("3");
      },
      async (tree, program) => {
        await program.prints(/"event":"worker.started"/);
        tree.change(APP, 'generation: "1"', 'generation: "2"');
        tree.keep();
      },
    ));
});

/** How far a new copy of the API comes, what is said of it, and what makes it so. */
const unfit = (tree: Tree): readonly (readonly [string, RegExp, () => void])[] => [
  ["load", /services\/api\/app\.ts:\d+:\d+: /, () => tree.change(APP, "const app = ", "const app = = ")],
  ["load", /services\/api\/app\.ts:\d+:\d+: no good$/, () => tree.change(APP, /$/, 'throw new Error("no good");\n')],
  ["load", /rate-limit\.ts/, () => tree.remove(LIMIT)],
  ["load", /must export apiModule$/, () => tree.change(MODULE, "function apiModule", "function theModule")],
  ["start", /^no port$/, () => tree.change(MODULE, START, '\nthrow new Error("no port");')],
  ["health", /^the new copy of api is not healthy$/, () => tree.change(APP, HONO, `${HONO}\n${ILL}`)],
  [
    "start",
    /^config\/local\.toml:2: api\.drain_ms: /,
    () => {
      tree.write("config/local.toml", '[api]\ndrain_ms = "x"\n');
      tree.change(MODULE, /$/, "// read the configuration anew\n");
    },
  ],
];
