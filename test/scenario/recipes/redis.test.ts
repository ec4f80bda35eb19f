import { expect } from "bun:test";
import { connect } from "node:net";
import { freePort } from "../../support/free-port.ts";
import { testWith } from "../../support/test-with.ts";
import { within } from "../../support/within.ts";
import { readRecipe } from "./recipe.ts";
import { withStoppedDaemon } from "./with-stopped-daemon.ts";

testWith(["redis-server"], "Redis is restarted by a reload of its name alone, and keeps its data", async () => {
  const { order, port } = await redis();
  await withStoppedDaemon({ runtime: "deno", ...order }, async (daemon) => {
    expect(await ask(port, "SET colour blue")).toBe("+OK");
    const { main_pid } = await daemon.unit("redis");
    expect((await daemon.cli("reload")).code).toBe(0);
    expect((await daemon.unit("redis")).main_pid).toBe(main_pid);
    expect(await daemon.cli("reload", "redis")).toMatchObject({ code: 0, stdout: "reload redis: done\n" });
    expect((await daemon.unit("redis")).main_pid).not.toBe(main_pid);
    expect(await ask(port, "GET colour")).toBe("blue");
  });
});

testWith(["redis-server"], "a second Redis that finds the port taken leaves the first as it is", async () => {
  const { order, port } = await redis("Without `reload_mode`");
  await withStoppedDaemon({ runtime: "bun", ...order }, async (daemon) => {
    expect(await ask(port, "SET colour blue")).toBe("+OK");
    const { main_pid } = await daemon.unit("redis");
    const { code, stderr } = await daemon.cli("reload", "redis");
    expect({ code, stderr }).toEqual({ code: 8, stderr: expect.stringContaining("Address already in use") });
    expect((await daemon.unit("redis")).main_pid).toBe(main_pid);
    expect(await ask(port, "GET colour")).toBe("blue");
  });
});

async function redis(variant?: string) {
  const { units } = readRecipe("redis", variant);
  const port = await freePort();
  const text = units["redis.toml"]?.replace('"6379"', `"${port}"`) ?? "";
  return { port, order: { units: { "redis.toml": text } } };
}

/** The last line of the answer. Shape: `+OK`, or the value of a GET. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const answer = new Promise<string>((resolve, reject) => {
    let text = "";
    socket.on("error", reject);
    socket.on("data", (bytes) => (text += bytes));
    socket.on("end", () => resolve(text));
  });
  socket.write(`${command}\r\nQUIT\r\n`);
  const lines = (await within(answer, 5_000, `an answer to ${command}`)).trim().split("\r\n");
  return lines.at(-2) ?? "";
}
