import { expect, test } from "bun:test";
import { renderSettings } from "../../../supervisor/cli/render/settings.ts";

test("settings are TOML by sections, each with the layer that set it", () => {
  const text = renderSettings([
    { key: "supervisor.auto_reload", value: true, origin: "config/local.toml:3", secret: false, live: false },
    { key: "supervisor.listen", value: null, origin: "default", secret: false, live: false },
    { key: "api.host", value: "::1", origin: "$HOST", secret: false, live: false },
  ]);
  expect(text).toBe(
    [
      "[supervisor]",
      "auto_reload = true  # config/local.toml:3",
      "# listen =          # default",
      "",
      "[api]",
      'host = "::1"  # $HOST',
      "",
    ].join("\n"),
  );
});
