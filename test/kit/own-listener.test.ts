import { expect, test } from "bun:test";
import { listeningFds } from "../../services/kit/connections.ts";
import { libc } from "../../services/kit/libc.ts";
import type { NativeServer, Start } from "../../services/kit/native.ts";
import { startWatched } from "../../services/kit/own-listener.ts";
import { openShared, type SharedListener } from "./fixtures/shared-listener.ts";

const c = libc();
if (!c) throw new Error("libc");

const app = { fetch: () => new Response() };
const bind = { tag: "tcp", host: "127.0.0.1", port: 0 } as const;

/** A runtime that opens so many listeners when its server starts, and says that it listens at `port`. */
function runtime(count: number, port?: number) {
  const opened: SharedListener[] = [];
  const start: Start = (): NativeServer => {
    for (let n = 0; n < count; n += 1) opened.push(openShared("v4"));
    return {
      port: port ?? opened[0]?.port ?? null,
      startClosing: () => {},
      remain: () => {},
      rehearseClosing: () => {},
      tend: () => true,
      busy: 0,
      async stop() {
        for (const { close } of opened) close();
      },
    };
  };
  return { start, opened };
}

test("the listener that came with the server is found by its being new, and by its port", async () => {
  const others = [openShared("v4"), openShared("v4")];
  const { start, opened } = runtime(1);
  const { server, listenerFd } = startWatched(c, start, app, bind);
  expect(listenerFd).toBe(opened[0]?.fd ?? -1);
  await server.stop();
  for (const { close } of others) close();
});

test("C14: where it is not exactly one, or not where the runtime says, nothing is moved and the server is stopped", () => {
  const before = listeningFds(c);
  for (const [count, port, fault] of [
    [0, undefined, /is not among this process's descriptors/],
    [2, undefined, /opened 2 listeners instead of one/],
    [1, 1, /says that it listens at port 1, but it is 127\.0\.0\.1:\d+/],
  ] as const) {
    expect(() => startWatched(c, runtime(count, port).start, app, bind)).toThrow(fault);
    expect(listeningFds(c)).toEqual(before);
  }
});
