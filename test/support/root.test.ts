import { expect, spyOn, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { alive } from "./proc.ts";
import { type Root, type RootOrder, withRoot } from "./root.ts";

const order: RootOrder = {
  runtime: "bun",
  units: { "a.toml": "A" },
  config: { "default.toml": "B" },
  files: { "x/y": "C" },
};

/** A root that is expected to complain: what it prints of it does not belong among the results. */
async function complaint(use: (root: Root) => Promise<void>): Promise<string> {
  const silence = spyOn(console, "error").mockImplementation(() => {});
  try {
    return await withRoot(order, use).then(
      () => "no complaint",
      (error: Error) => error.message,
    );
  } finally {
    silence.mockRestore();
  }
}

function sleeper(root: Root): number {
  const child = spawn("sleep", ["100"], { env: root.environment, detached: true, stdio: "ignore" });
  return child.pid ?? -1;
}

test("a root holds what was ordered, and is gone afterwards", async () => {
  let path = "";
  await withRoot(order, async (root) => {
    path = root.path;
    expect([root.read("units/a.toml"), root.read("config/default.toml"), root.read("x/y")]).toEqual(["A", "B", "C"]);
  });
  expect(path).not.toBe("");
  expect(existsSync(path)).toBe(false);
});

test("a process that is left behind is named, and killed", async () => {
  let pid = 0;
  const message = await complaint(async (root) => {
    pid = sleeper(root);
    await eventually(() => root.processes().length === 1, 2_000, "the process is seen");
  });
  expect(message).toContain(`"pid":${pid},"command":"sleep 100"`);
  expect(alive(pid)).toBe(false);
});

test("a socket, a fifo and a pid file that are left behind are named", async () => {
  const message = await complaint(async (root) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root.path, "left.sock"), resolve));
    server.unref();
    spawnSync("mkfifo", [join(root.path, "left.fifo")]);
    root.write(".supervisor/left.pid", "1");
    root.write(".supervisor/state.json", "{}");
  });
  expect(message).toStartWith("left behind: ");
  expect(message.slice(13).split(", ").sort()).toEqual([".supervisor/left.pid", "left.fifo", "left.sock"]);
});

test("a test that throws is told so, and its processes and folder are gone", async () => {
  let seen = { pid: 0, path: "" };
  const message = await complaint(async (root) => {
    seen = { pid: sleeper(root), path: root.path };
    throw new Error("the test's own");
  });
  expect(message).toBe("the test's own");
  expect(alive(seen.pid)).toBe(false);
  expect(existsSync(seen.path)).toBe(false);
});
