import { expect, test } from "bun:test";
import { changedSettings, type Setting, shownSetting } from "../../supervisor/unit/setting.ts";

const setting = (key: string, value: Setting["value"], origin = "default"): Setting => ({
  key,
  value,
  origin,
  secret: false,
  live: false,
});

test("a setting has changed when its value has, wherever that comes from", () => {
  const before = [setting("a", 1), setting("b", "x"), setting("c", null)];
  const after = [setting("a", 1, "config/local.toml"), setting("b", "y"), setting("c", false), setting("d", null)];
  expect(changedSettings(before, after)).toEqual(["b", "c"]);
});

test.each([
  ["redis://app:s3cret@db:6379/0", "redis://app:…@db:6379/0"],
  ["redis://:s3:cr/et@db", "redis://:s3:cr/et@db"],
  ["redis://:s3cret@db", "redis://:…@db"],
  ["sqlite:a@b.db", "sqlite:a@b.db"],
  ["http://db:6379/x@y", "http://db:6379/x@y"],
])("%s is shown as %s", (value, shown) => {
  expect(shownSetting(setting("queue.url", value)).value).toBe(shown);
});

test("what came from a file or a credential is hidden, and what a key's name calls a secret", () => {
  expect(shownSetting({ ...setting("queue.url", "redis://db"), secret: true })).toMatchObject({
    value: "…",
    secret: true,
  });
  expect(shownSetting({ ...setting("queue.url", null), secret: true }).value).toBeNull();
  for (const name of ["admin_token", "password", "signing_key", "secrets"])
    expect(shownSetting(setting(`api.${name}`, "x")).value).toBe("…");
  for (const name of ["webhook_secret_file", "key_count", "monkey"])
    expect(shownSetting(setting(`worker.${name}`, "x")).value).toBe("x");
});
