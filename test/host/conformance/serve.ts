import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveHttp } from "../../../supervisor/host/serve.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { within } from "../../support/within.ts";

export const serveCases: readonly Case[] = [
  {
    promise: "HTTP is served on a unix path for its owner alone, and closing ends open streams",
    run: async () => {
      const dir = mkdtempSync(join(tmpdir(), "serve-"));
      const path = join(dir, "control.sock");
      const server = serveHttp(answer, { path });
      assert.equal(server.address, path);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(await text(await get({ socketPath: path, path: "/plain" })), "plain /plain");
      assert.throws(() => serveHttp(answer, { path }), { code: "EADDRINUSE" });
      const stream = await get({ socketPath: path, path: "/stream" });
      const ended = new Promise<void>((resolve) => {
        stream.once("close", resolve);
        stream.once("error", () => resolve());
        stream.resume();
      });
      await within(server.close(), 3000, "close");
      await within(ended, 3000, "the stream's end");
      assert.equal(existsSync(path), false);
      rmSync(dir, { recursive: true });
    },
  },
  {
    promise: "HTTP is served on a free TCP port that is told",
    run: async () => {
      const server = serveHttp(answer, { hostname: "127.0.0.1", port: 0 });
      const [host, port] = server.address.split(":");
      assert.equal(await text(await get({ host, port, path: "/x" })), "plain /x");
      await within(server.close(), 3000, "close");
    },
  },
  {
    promise: "a socket that is deleted is there again, and whoever waits for an answer of before has it",
    run: async () => {
      const dir = mkdtempSync(join(tmpdir(), "serve-"));
      const path = join(dir, "control.sock");
      const held = Promise.withResolvers<Response>();
      const server = serveHttp((asked) => (asked.url.endsWith("/held") ? held.promise : answer(asked)), { path });
      const before = get({ socketPath: path, path: "/held" });
      await text(await get({ socketPath: path, path: "/plain" }));
      rmSync(path);
      await eventually(() => existsSync(path), 5_000, "it is there again");
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(await text(await get({ socketPath: path, path: "/new" })), "plain /new");
      held.resolve(new Response("held"));
      assert.equal(await text(await before), "held");
      await within(server.close(), 3000, "close");
      rmSync(dir, { recursive: true });
    },
  },
  {
    promise: "a file that is no socket is not replaced by a server",
    run: async () => {
      const dir = mkdtempSync(join(tmpdir(), "serve-"));
      const path = join(dir, "control.sock");
      writeFileSync(path, "precious");
      assert.throws(() => serveHttp(answer, { path }));
      assert.equal(statSync(path).size, 8);
      rmSync(dir, { recursive: true });
    },
  },
];

function answer(asked: Request): Response {
  const { pathname } = new URL(asked.url);
  if (pathname !== "/stream") return new Response(`plain ${pathname}`);
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("first\n")) });
  return new Response(body);
}

function get(options: Record<string, unknown>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, agent: false }, resolve);
    asked.once("error", reject);
    asked.end();
  });
}

async function text(message: IncomingMessage): Promise<string> {
  let all = "";
  for await (const chunk of message) all += chunk;
  return all;
}
