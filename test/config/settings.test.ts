import { expect, test } from "bun:test";
import { loadConfig } from "../../config/load.ts";
import { configSchema } from "../../config/schema.ts";
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
  expect(find("api.port")).toEqual({ key: "api.port", value: 81, origin: "$PORT" });
  expect(find("supervisor.listen")).toMatchObject({ value: "127.0.0.1:1", origin: "--listen" });
  expect(find("supervisor.auto_reload")).toMatchObject({ value: false, origin: "default" });
  const bare = loadConfig({ folder: "/nowhere", env: {} });
  expect(bare.ok && settingsOf(bare.value).find(({ key }) => key === "supervisor.listen")?.value).toBeNull();
});
