import { expect, test } from "bun:test";
import { MAX_BEHIND_BYTES, socketBook } from "../../services/kit/sockets.ts";
import type { WebSocketHandlers } from "../../services/kit/web-socket.ts";
import { within } from "../support/within.ts";

const BOUND_MS = 5_000;

/** A wire that writes down what it is asked for; `answers`: the client closes as soon as it is told to. */
function dial(book: ReturnType<typeof socketBook>, handlers: WebSocketHandlers = {}, answers = true) {
  const calls: string[] = [];
  const told = Promise.withResolvers<void>();
  const over = Promise.withResolvers<string>();
  let behindBytes = 0;
  const socket = book.enter(
    {
      send: (data) => void calls.push(`send ${data}`),
      behindBytes: () => behindBytes,
      close(code, reason) {
        calls.push(`close ${code} ${reason}`);
        told.resolve();
        if (answers) socket.closed(1000, "the runtime's own words");
      },
      cut: () => void calls.push("cut"),
    },
    { ...handlers, close: (_, code, reason) => over.resolve(`${code} ${reason}`) },
  );
  return {
    socket,
    calls,
    told: told.promise,
    over: over.promise,
    fallBehind: () => (behindBytes = MAX_BEHIND_BYTES + 1),
  };
}

test("C6: in a drain each is closed with 1012, and what the app hears is that", async () => {
  const book = socketBook();
  const [one, two] = [dial(book), dial(book)];
  for (const { socket } of [one, two]) socket.opened();
  expect(book.busy).toBe(2);
  book.startClosing(30);
  expect(await within(Promise.all([one.over, two.over]), BOUND_MS, "both are closed")).toEqual([
    "1012 service restart",
    "1012 service restart",
  ]);
  expect(book.busy).toBe(0);
});

test("C15: one whose handshake is under way when the drain begins is waited for, and told when it is open", async () => {
  const book = socketBook();
  const { socket, calls, told } = dial(book);
  book.startClosing(0);
  expect(book.busy).toBe(1);
  expect(calls).toEqual([]);
  socket.opened();
  await within(told, BOUND_MS, "the close");
  expect(calls).toEqual(["close 1012 service restart"]);
});

test("C2: the goodbyes are spread over the window", async () => {
  const book = socketBook();
  const sockets = Array.from({ length: 40 }, () => dial(book));
  for (const { socket } of sockets) socket.opened();
  const beganMs = performance.now();
  book.startClosing(400);
  const times = await Promise.all(sockets.map(({ told }) => told.then(() => performance.now() - beganMs)));
  const quarters = new Set(times.map((ms) => Math.min(3, Math.floor(ms / 100))));
  expect(quarters.size).toBe(4);
});

test("a client that does not answer is cut, once, and no longer waited for", async () => {
  const book = socketBook();
  const { socket, calls, over } = dial(book, {}, false);
  socket.opened();
  book.startClosing(0);
  expect(await within(over, BOUND_MS, "the end")).toBe("1012 service restart");
  expect(calls).toEqual(["close 1012 service restart", "cut"]);
  expect(book.busy).toBe(0);
});

test("after its close nothing is sent and nothing is heard", () => {
  const book = socketBook();
  const heard: unknown[] = [];
  const handlers: WebSocketHandlers = {
    message(peer, data) {
      heard.push(data);
      peer.close();
      peer.send("too late");
      peer.close(4000);
    },
  };
  const { socket, calls } = dial(book, handlers, false);
  socket.opened();
  socket.message("one");
  socket.message("two");
  expect(heard).toEqual(["one"]);
  expect(calls).toEqual(["close 1000 "]);
  socket.closed(1000, "");
});

test("a client that is too far behind is closed instead of being remembered for", () => {
  const book = socketBook();
  const { socket, calls, fallBehind } = dial(book, {
    open: (peer) => peer.send("a"),
    message: (peer) => peer.send("b"),
  });
  socket.opened();
  fallBehind();
  socket.message("more");
  expect(calls).toEqual(["send a", "close 1008 too far behind"]);
});
