// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the configuration's own.
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import { parse } from "smol-toml";
import { commandOf, runToEnd, runtimeNames } from "../control/fixtures/runtime.ts";
import { docsFolder } from "./page.ts";

const root = join(docsFolder, "..");
const main = join(root, "supervisor/main.ts");
const kept = (name: string): unknown => JSON.parse(readFileSync(join(docsFolder, "schema", `${name}.json`), "utf8"));
const tomlIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder)).flatMap((name) => (name.endsWith(".toml") ? [join(root, folder, name)] : []));

/** Draft 4 says by a boolean that a bound is exclusive; everything else that we write is the same in the draft that Ajv reads. */
function checkOf(name: string) {
  const modern = JSON.stringify(kept(name)).replaceAll('"minimum":0,"exclusiveMinimum":true', '"exclusiveMinimum":0');
  const { $schema: _, ...schema } = JSON.parse(modern);
  return new Ajv({ strict: false, formats: { uri: true } }).compile(schema);
}

test.each(["unit", "config"])(
  "the kept schema %s is what the verb makes of the readers, on each runtime",
  async (name) => {
    for (const runtime of runtimeNames) {
      const { code, stdout } = await runToEnd(commandOf(runtime, main, ["schema", name]), {});
      expect({ runtime, code, made: JSON.parse(stdout) }).toEqual({ runtime, code: 0, made: kept(name) });
    }
  },
  20_000,
);

test.each([
  ["units", "unit"],
  ["config", "config"],
])("every file of %s/ names its schema in the first line, and is as that says", (folder, name) => {
  const isValid = checkOf(name);
  for (const path of tomlIn(folder)) {
    const text = readFileSync(path, "utf8");
    const [, named = ""] = /^#:schema (.+)\n/.exec(text) ?? [];
    expect(join(dirname(path), named)).toBe(join(docsFolder, "schema", `${name}.json`));
    expect({ path, valid: isValid(parse(text)), errors: isValid.errors }).toEqual({ path, valid: true, errors: null });
  }
});

test.each([
  ["unit", '[service]\nexec_start = ["a"]\nrestart_sec = 0.5\n[socket.http]\nlisten_stream = 80\n', true],
  ["unit", "[service]\nrestrat = 1\n", false],
  ["unit", "[service]\nrestart_sec = true\n", false],
  ["unit", "[service]\nnice = 20\n", false],
  ["config", '[api]\nport = "${PORT:-8080}"\n[telemetry]\nlog_level = "${LEVEL}"\n', true],
  ["config", '[queue.limits.a]\nconcurrency = "${N}"\nper_sec = 0.5\n', true],
  ["config", "[queue.limits.a]\nper_sec = 0\n", false],
  ["config", '[api]\nport = "8080"\n', false],
  ["config", "[api]\nprot = 1\n", false],
  ["config", '[telemetry]\nlog_level = "loud"\n', false],
])("an editor that is given the schema %s finds %j valid: %p", (name, text, isValid) => {
  expect(checkOf(name)(parse(text))).toBe(isValid);
});

test("what has no schema is usage", async () => {
  const { code, stdout, stderr } = await runToEnd(commandOf("bun", main, ["schema", "units"]), {});
  expect({ code, stdout, stderr }).toEqual({
    code: 2,
    stdout: "",
    stderr: "supervisor schema: unit and config are known, got 'units'\n",
  });
});
