import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { withRoot } from "../support/root.ts";
import { shellUnit } from "../support/unit-text.ts";

for (const runtime of ["bun", "deno"] as const) {
  test(`the control API on TCP wants the token for everything but /healthz: ${runtime}`, async () => {
    const units = { "idle.toml": shellUnit("exec sleep 1000") };
    await withRoot({ runtime, units }, async (root) => {
      const port = await freePort();
      const daemon = startDaemon(root, ["--listen", `127.0.0.1:${port}`]);
      await daemon.settled();
      const ask = async (path: string, token?: string) =>
        fetch(`http://127.0.0.1:${port}${path}`, { headers: token ? { authorization: `Bearer ${token}` } : {} });
      expect((await ask("/healthz")).status).toBe(200);
      expect((await ask("/v1/status")).status).toBe(401);
      expect((await ask("/v1/status", "guess")).status).toBe(401);
      const token = root.read(".supervisor/control.token").trim();
      expect(statSync(`${root.stateDir}/control.token`).mode & 0o777).toBe(0o600);
      expect((await ask("/v1/status", token)).status).toBe(200);
      expect((await daemon.stop()).code).toBe(0);
      await eventually(
        async () => (await ask("/healthz").catch(() => null)) === null,
        5_000,
        "nobody listens any more",
      );
    });
  }, 60_000);
}
