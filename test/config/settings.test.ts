// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the configuration's own.
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../config/load.ts";
import { configSchema, isOthers } from "../../config/schema.ts";
import { settingsOf } from "../../config/settings.ts";

test("every key has its value and the layer that set it, the unset ones too", () => {
  const layers = [{ name: "--listen", values: { "supervisor.listen": "127.0.0.1:1" }, lines: {} }];
  const loaded = loadConfig({ folder: "/nowhere", env: { PORT: "81", SUPERVISOR_ENV: "" }, layers });
  if (!loaded.ok) throw new Error("refused");
  const settings = settingsOf(loaded.value);
  const keys = Object.entries(configSchema.shape).flatMap(([section, reader]) =>
    Object.keys(reader.unwrap().shape).map((key) => `${section}.${key}`),
  );
  expect(settings.map(({ key }) => key)).toEqual(keys);
  const find = (name: string) => settings.find(({ key }) => key === name);
  expect(find("api.port")).toEqual({ key: "api.port", value: 81, origin: "$PORT", secret: false, live: false });
  expect(find("supervisor.listen")).toMatchObject({ value: "127.0.0.1:1", origin: "--listen" });
  expect(find("supervisor.auto_reload")).toMatchObject({ value: false, origin: "default" });
  const bare = loadConfig({ folder: "/nowhere", env: {} });
  expect(bare.ok && settingsOf(bare.value).find(({ key }) => key === "supervisor.listen")?.value).toBeNull();
});

test("a key of a file is told with its line, a secret as one, and what others fill in as the file says it", () => {
  const folder = mkdtempSync(join(tmpdir(), "settings-"));
  const secret = join(folder, "secret");
  writeFileSync(secret, "s3cret\n");
  const lines = ["[api]", `host = "\${file:${secret}}"`, "[queue]", 'url = "redis://:${cred:redis}@db"'];
  writeFileSync(join(folder, "local.toml"), lines.join("\n"));
  const order = { folder, shown: "config", env: {} };
  const loaded = loadConfig({ ...order, isOthers });
  rmSync(folder, { recursive: true });
  if (!loaded.ok) throw new Error("refused");
  const settings = settingsOf(loaded.value).filter(({ origin }) => origin !== "default");
  expect(settings).toEqual([
    { key: "api.host", value: "s3cret", origin: "config/local.toml:2", secret: true, live: false },
    { key: "queue.url", value: "redis://:${cred:redis}@db", origin: "config/local.toml:4", secret: false, live: false },
  ]);
});
