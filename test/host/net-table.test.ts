import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tcpRows, unixRows } from "../../supervisor/host/net-table.ts";

const listening = (server: Server) =>
  new Promise<number>((resolve) => {
    server.once("listening", () => resolve((server.address() as AddressInfo).port ?? 0));
  });

for (const [host, family] of [
  ["127.0.0.1", 4],
  ["0.0.0.0", 4],
  ["::1", 6],
  ["::", 6],
] as const) {
  test(`a listener on ${host} is found by its address`, async () => {
    const server = createServer().listen(0, host);
    const port = await listening(server);
    try {
      const [row, ...others] = tcpRows(new Set()).filter((each) => each.port === port);
      expect(row).toMatchObject({ family, host, port, listens: true, waiting: 0, uid: process.getuid?.() });
      expect(row?.inode).toBeGreaterThan(0);
      expect(others).toEqual([]);
    } finally {
      server.close();
    }
  });
}

test("connections are found for the ports that are asked for, and for no other", async () => {
  let accepted: Socket | undefined;
  const server = createServer((socket) => {
    accepted = socket;
  }).listen(0, "127.0.0.1");
  const port = await listening(server);
  const client = connect(port, "127.0.0.1");
  try {
    await new Promise((resolve) => server.once("connection", resolve));
    const states = (ports: readonly number[]) =>
      tcpRows(new Set(ports))
        .filter((row) => row.port === port)
        .map(({ listens }) => listens);
    expect(states([port]).toSorted()).toEqual([false, true]);
    expect(states([])).toEqual([true]);
  } finally {
    client.destroy();
    accepted?.destroy();
    server.close();
  }
});

test("a unix path with spaces and letters beyond ASCII is found as it was bound", async () => {
  const folder = mkdtempSync(join(tmpdir(), "net-table-"));
  const path = join(folder, "mein löwe.sock");
  const server = createServer().listen(path);
  try {
    await new Promise((resolve) => server.once("listening", resolve));
    expect(unixRows().filter((row) => row.path === path)).toMatchObject([{ listens: true, inode: expect.any(Number) }]);
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
