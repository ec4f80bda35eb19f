import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { faultLine } from "../../supervisor/unit/fault.ts";
import { readUnits } from "../../supervisor/unit/set.ts";
import { faultsOf } from "./sample.ts";

const file = (name: string, text: string) => ({ name, file: `units/${name}.toml`, text });
const run = '[service]\nscript = "a.ts"\n';

test("the faults of all files and of the graph come at once, by file and line", () => {
  const faults = faultsOf(
    readUnits([
      file("worker", `[unit]\nafter = ["api"]\nrequires = ["rdis"]\n${run}x = 1\n`),
      file("api", `[unit]\nrequires = ["worker", "broken"]\n${run}`),
      file("redis", run),
      file("broken", "[service\n"),
    ]),
  );
  expect(faults.map(faultLine)).toEqual([
    expect.stringMatching(/^units\/broken\.toml:1: .*\(column \d+\)$/),
    "units/worker.toml:6: service.x: unknown key",
  ]);
  const graph = faultsOf(
    readUnits([
      file("worker", `[unit]\nafter = ["api"]\nrequires = [\n  "redis",\n  "rdis"]\n${run}`),
      file("api", `[unit]\n\nrequires = ["worker", "broken"]\n${run}`),
      file("redis", run),
      file("broken", "[service\n"),
    ]),
  );
  expect(graph.map(faultLine)).toEqual([
    "units/api.toml:3: unit.requires: dependency cycle: api → worker → api (each starts after the next)",
    expect.stringContaining("units/broken.toml:1: "),
    'units/worker.toml:5: unit.requires: there is no unit "rdis" (did you mean `redis`?)',
  ]);
});

test("a unit whose file is broken counts as known", () => {
  const faults = faultsOf(readUnits([file("api", `[unit]\nrequires = ["redis"]\n${run}`), file("redis", "x = 1\n")]));
  expect(faults.every((fault) => fault.at?.file === "units/redis.toml")).toBe(true);
});

test("one name for two files is a fault", () => {
  const faults = faultsOf(readUnits([file("api", run), { ...file("api", run), file: "more/api.toml" }]));
  expect(faults.map(faultLine)).toEqual(['more/api.toml:1: there is a unit "api" already, in units/api.toml']);
});

test("the units that come with the project are valid", () => {
  const read = readUnits(
    ["api", "worker"].map((name) => ({
      ...file(name, readFileSync(new URL(`../../units/${name}.toml`, import.meta.url), "utf8")),
    })),
  );
  if (!read.ok) throw new Error(read.faults.map(faultLine).join("\n"));
  const [api, worker] = read.value;
  expect(api?.service).toMatchObject({
    type: "notify",
    restart: "always",
    exec: { script: "services/main.ts", args: ["run", "api"] },
  });
  expect(api?.sockets.map(({ name, address }) => ({ name, address }))).toEqual([
    { name: "http", address: { tag: "tcp", host: "127.0.0.1", port: 8080 } },
  ]);
  expect(worker?.service).toMatchObject({ type: "notify", restart: "always", exec: { args: ["run", "worker"] } });
  expect(worker?.sockets).toEqual([]);
});

test("no files are no units, and no fault", () => {
  expect(readUnits([])).toEqual({ ok: true, value: [] });
});
