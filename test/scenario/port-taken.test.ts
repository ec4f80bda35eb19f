import { expect, test } from "bun:test";
import { type AddressInfo, createServer } from "node:net";
import { withDaemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { apiUnit } from "../support/unit-text.ts";

for (const { daemon: runtime, service } of alike) {
  test(`a port that is taken names who has it, and is taken over once it is free: ${runtime}`, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const unit = apiUnit(service, {
      service: { restart: '"no"' },
      "socket.http": { listen_stream: JSON.stringify(address) },
    });
    try {
      await withDaemon({ runtime, units: { "api.toml": unit } }, async (daemon) => {
        expect(await daemon.unit("api")).toMatchObject({ active_state: "failed", result: "resources" });
        const refused = await daemon.cli("start", "api");
        expect(refused.stderr).toContain(`${address} is already in use by`);
        expect(refused.stderr).toContain(`pid ${process.pid}`);
        expect(refused.code).toBe(1);
        await new Promise((resolve) => server.close(resolve));
        expect((await daemon.cli("start", "api")).code).toBe(0);
        expect((await daemon.unit("api")).listeners).toMatchObject([{ name: "http", address }]);
      });
    } finally {
      server.close();
    }
  }, 60_000);
}
