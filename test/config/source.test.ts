import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadConfig } from "../../config/load.ts";
import { settingsOf } from "../../config/settings.ts";
import { keptSource, sourceFile } from "../../config/source.ts";
import { faultLine } from "../../supervisor/unit/fault.ts";

const url = "https://host:8443/app.toml";
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "source-"));
  write("config/default.toml", "[api]\nport = 1\n[worker]\nconcurrency = 1\n");
});
afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

const names = `[supervisor]\nconfig_source = "${url}"\n[api]\nport = 2\n`;
const load = (text: string, env: Readonly<Record<string, string>> = {}) =>
  loadConfig({ folder: join(root, "config"), shown: "config", env, source: { url, text } });

function settings(text: string, env: Readonly<Record<string, string>> = {}): Readonly<Record<string, unknown>> {
  const loaded = load(text, env);
  if (!loaded.ok) throw new Error(loaded.faults.map(faultLine).join("\n"));
  return Object.fromEntries(settingsOf(loaded.value).map(({ key, value, origin }) => [key, [value, origin]]));
}

test("a remote source counts more than the files and less than the environment, and is named with its line", () => {
  write("config/local.toml", names);
  expect(settings("[api]\nport = 3\n")["api.port"]).toEqual([3, `${url}:2`]);
  expect(settings("[api]\nport = 3\n", { PORT: "4" })["api.port"]).toEqual([4, "$PORT"]);
});

test("what nobody names is not listened to, and the environment may name it", () => {
  expect(settings("[api]\nport = 3\n")["api.port"]).toEqual([1, "config/default.toml:2"]);
  expect(settings("[api]\nport = 3\n", { SUPERVISOR_CONFIG_SOURCE: url })["api.port"]).toEqual([3, `${url}:2`]);
});

test.each([
  ["nonsense", `${url}:1: `],
  ["[api]\nport = true\n", `${url}:2: api.port: `],
  ["[api]\nprot = 1\n", `${url}:2: api.prot: is not known`],
  ['[supervisor]\nconfig_source = "http://other/"\n', `${url}:2: supervisor.config_source: may not come from`],
  ['[supervisor]\nconfig_source_token_file = "/x"\n', `${url}:2: supervisor.config_source_token_file: may not come`],
  ['[credentials]\nkey_command = ["id"]\n', `${url}:2: credentials.key_command: may not come from`],
  ['[release]\npre_deploy = [["id"]]\n', `${url}:2: release.pre_deploy: may not come from`],
  [`[queue]\nurl = "redis://h/$\{file:/etc/shadow}"\n`, `${url}:2: queue.url: a remote source may not name files`],
])("it is refused by its address, line and key: %j", (text, message) => {
  write("config/local.toml", names);
  const loaded = load(text);
  expect(loaded.ok ? "" : faultLine(loaded.faults[0])).toStartWith(message);
});

test.each([
  "https://user:word@host/x",
  "https://host/x?token=1",
  "https://host/x#y",
  "consul://host:8500/",
  "ftp://host/x",
  "https://host",
])("a source is not to be %s", (bad) => {
  write("config/local.toml", `[supervisor]\nconfig_source = "${bad}"\n`);
  const loaded = load("");
  expect(loaded.ok ? "" : faultLine(loaded.faults[0])).toStartWith("config/local.toml:2: supervisor.config_source: ");
});

test("services find what was accepted of it beside the files, whatever the files say since", () => {
  write("accepted/current", "7\n");
  write("accepted/7/config/local.toml", names);
  write(join("accepted/7", sourceFile(url)), "[api]\nport = 3\n");
  expect(keptSource(join(root, "accepted/7"))).toEqual({ url, text: "[api]\nport = 3\n" });
  const loaded = loadConfig({ folder: join(root, "config"), env: {}, accepted: join(root, "accepted") });
  expect(loaded.ok && loaded.value.config.api.port).toBe(3);
});
