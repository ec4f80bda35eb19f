import { describe, expect, test } from "bun:test";
import { parse } from "smol-toml";
import { environmentLayers } from "../../config/layer.ts";
import { configSchema } from "../../config/schema.ts";
import { openapiDocument } from "../../services/api/openapi.ts";
import { PROBLEMS } from "../../services/api/problem.ts";
import { newTaskSchema } from "../../services/api/schema.ts";
import { bundledTasks } from "../../services/tasks/registry.ts";
import { exit } from "../../supervisor/cli/exit.ts";
import { globalFlags } from "../../supervisor/cli/verb.ts";
import { verbs } from "../../supervisor/cli/verbs.ts";
import { problem } from "../../supervisor/control/problem.ts";
import { createControl } from "../../supervisor/control/routes.ts";
import { schemas } from "../../supervisor/control/schema.ts";
import type { FaultCode } from "../../supervisor/unit/fault.ts";
import { FakeDesk } from "../control/fixtures/fake-desk.ts";
import { fakeOptions } from "../control/fixtures/serve.ts";
import { codes, type Row, readPage } from "./page.ts";

const firsts = (rows: readonly Row[], head: string): readonly string[] =>
  rows.filter((row) => row.head === head).flatMap(({ cells: [first = ""] }) => codes(first));

describe("command-line.md", () => {
  const { rows } = readPage("command-line");
  /** Shape: "-n N" → "-n". */
  const flagsIn = (cell: string) => codes(cell).map((code) => code.split(" ")[0] ?? "");
  const flagsOf = (flags: typeof globalFlags) =>
    flags.flatMap(({ name, short }) => [...(short === undefined ? [] : [`-${short}`]), `--${name}`]).sort();

  test("names every verb and no other", () => {
    const named = firsts(rows, "verb").map((code) => code.split(" ")[0] ?? "");
    expect([...new Set(named)].sort()).toEqual(
      verbs
        .filter(({ isHidden }) => isHidden !== true)
        .map(({ name }) => name)
        .sort(),
    );
  });

  test("names every flag of every verb, and those of all verbs", () => {
    for (const { name, flags } of verbs) {
      const said = rows
        .filter(({ head, cells: [verb = ""] }) => head === "verb" && codes(verb)[0]?.split(" ")[0] === name)
        .flatMap(({ cells: [, cell = ""] }) => flagsIn(cell));
      expect({ name, flags: [...new Set(said)].sort() }).toEqual({ name, flags: flagsOf(flags) });
    }
    expect(
      firsts(rows, "flag")
        .map((code) => code.split(" ")[0])
        .sort(),
    ).toEqual(flagsOf(globalFlags));
  });

  test("names every exit code", () => {
    const named = rows.filter(({ head }) => head === "code").map(({ cells: [code] }) => Number(code));
    expect(named).toEqual([...new Set<number>(Object.values(exit))]);
  });
});

describe("http-api.md", () => {
  const { rows, blocks } = readPage("http-api");
  const app = createControl(new FakeDesk(), fakeOptions({ closing: AbortSignal.abort() }));

  test("names every route and no other", () => {
    const routes = app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`);
    expect([...firsts(rows, "route")].sort()).toEqual(routes.sort());
  });

  test("gives each fault's status", () => {
    const faults = rows.filter(({ head }) => head === "code");
    expect(faults.map(({ cells: [code = ""] }) => codes(code)[0] ?? "").sort()).toEqual(
      schemas.Problem.shape.code.options[0].options.toSorted(),
    );
    for (const { cells } of faults) {
      const [code = ""] = codes(cells[0] ?? "");
      const { status } = problem([{ code: code as FaultCode, message: "", retry: "never" }]);
      expect({ code, status: Number(cells[1]) }).toEqual({ code, status });
    }
  });

  test("shows answers as they are", () => {
    const [verdicts, refusal, happening] = blocks.filter(({ language }) => language === "json");
    expect(schemas.Verdicts.strict().safeParse(JSON.parse(verdicts?.text ?? "")).error).toBeUndefined();
    expect(schemas.Problem.strict().safeParse(JSON.parse(refusal?.text ?? "")).error).toBeUndefined();
    expect(schemas.Happening.strict().safeParse(JSON.parse(happening?.text ?? "")).error).toBeUndefined();
  });
});

describe("status.md", () => {
  const { rows, text } = readPage("status");
  const { shape } = schemas.UnitStatus;

  test("names every field and no other", () => {
    const below = (prefix: string, keys: object) => Object.keys(keys).map((key) => `${prefix}.${key}`);
    const { instances, listeners, handover, last_exit, ...plain } = shape;
    const fields = [
      "schema_version",
      ...below("supervisor", schemas.Status.shape.supervisor.shape),
      ...below("units[]", plain),
      "units[].instances[]",
      ...below("…instances[]", instances.element.shape),
      "units[].listeners[]",
      ...below("…listeners[]", listeners.element.shape),
      ...below("units[].handover", handover.shape),
      ...below("units[].last_exit", last_exit.unwrap().shape),
    ];
    expect([...firsts(rows, "field")].sort()).toEqual(fields.sort());
  });

  test("names every state and result, those that do not occur yet as reserved", () => {
    const reserved = [...text.matchAll(/^(.*) are reserved\.$/gm)].flatMap(([, list = ""]) => codes(list));
    const column = (at: number) =>
      rows.filter(({ head }) => head === "active_state").flatMap(({ cells }) => codes(cells[at] ?? ""));
    expect([...new Set(column(0))].sort()).toEqual(shape.active_state.options.toSorted());
    const known = new Set<string>([...column(1), ...firsts(rows, "result"), ...reserved]);
    expect([...known].sort()).toEqual([...new Set([...shape.sub_state.options, ...shape.result.options])].sort());
  });
});

describe("queue-and-tasks.md", () => {
  const { rows } = readPage("queue-and-tasks");

  test("names every endpoint, field and task type", () => {
    const paths = Object.entries(openapiDocument(bundledTasks, "1").paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...firsts(rows, "route")].sort()).toEqual([...paths].sort());
    expect(firsts(rows, "type")).toEqual([...bundledTasks.keys()]);
    expect([...firsts(rows, "field of `POST /tasks`")].sort()).toEqual(
      Object.keys(newTaskSchema(bundledTasks).shape).sort(),
    );
  });

  test("names every code of a refusal with its status", () => {
    const said = rows
      .filter(({ head }) => head === "code")
      .map(({ cells }) => [codes(cells[0] ?? "")[0], Number(cells[1])]);
    expect(said).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]));
  });

  test("names every key of the configuration with its default", () => {
    const config = configSchema.parse({});
    const unset = [
      "supervisor.listen",
      "credentials.key_command",
      "worker.webhook_secret_file",
      "telemetry.otlp_endpoint",
      "telemetry.service_name",
    ];
    const optional = Object.fromEntries(unset.map((key) => [key, null]));
    const real = Object.entries(config).flatMap(([section, keys]) =>
      Object.entries(keys).map(([key, value]) => [`${section}.${key}`, value] as const),
    );
    const said = rows
      .filter(({ head }) => head === "key")
      .map(({ cells: [key = "", fallback = ""] }) => {
        const [literal] = codes(fallback);
        return [codes(key)[0] ?? "", literal === undefined ? null : parse(`value = ${literal}`).value] as const;
      });
    expect(Object.fromEntries(said)).toEqual({ ...optional, ...Object.fromEntries(real) });
  });

  test("names the variables, and what each of them sets", () => {
    for (const { cells } of rows.filter(({ head }) => head === "variable")) {
      const [name = ""] = codes(cells[0] ?? "");
      const set = environmentLayers({ [name]: "1" }).flatMap(({ values }) => Object.keys(values));
      expect({ name, sets: set.sort() }).toEqual({ name, sets: codes(cells[1] ?? "").toSorted() });
    }
  });
});
