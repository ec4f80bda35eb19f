import assert from "node:assert/strict";
import type { Socket } from "node:net";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { type Rig, saying, withRig } from "../rig.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const head = (status: string, ...fields: string[]): string =>
  [`HTTP/1.1 ${status}`, ...fields, "Content-Length: 0", "", ""].join("\r\n");

/** What a server says to each request, and what is made of it. */
const said: readonly (readonly [text: string, closes: boolean, ok: boolean, detail: string])[] = [
  [OK, false, true, "answered 200"],
  [head("399 Odd"), false, true, "answered 399"],
  [head("304 Not Modified"), false, true, "answered 304"],
  ["HTTP/1.1 204 No Content\r\n\r\n", false, true, "answered 204"],
  [head("400 Bad Request"), false, false, "answered 400"],
  [head("503 Service Unavailable"), false, false, "answered 503"],
  [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`, false, true, "answered 200"],
  ["HTTP/1.1 101 Switching Protocols\r\n\r\n", false, false, "answered 101"],
  ["HTTP/1.0 200\n\nto the end", true, true, "answered 200"],
  ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, true, "answered 200"],
  [`HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n${"x".repeat(11_000)}`, false, true, "answered 200"],
  ["HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", true, false, "cut its answer short"],
  ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false, false, "sent no HTTP answer"],
  ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", false, false, "sent no HTTP answer"],
  ["SSH-2.0-OpenSSH_9.6\r\n", false, false, "sent no HTTP answer"],
  ["HTTP/2 200\r\n\r\n", false, false, "sent no HTTP answer"],
  ["\0\0\0\x12\x04", false, false, "sent no HTTP answer"],
  ["HTTP/1.1 200 OK\r\nno field\r\n\r\n", false, false, "sent no HTTP answer"],
  ["HTTP/1.1 200 OK\r\nHalf", true, false, "sent no HTTP answer"],
];

export const httpCases: readonly Case[] = [
  {
    promise: "200 to 399 is success, and whatever else is said is not",
    run: () =>
      withRig(async (rig) => {
        for (const [text, closes, ok, detail] of said) {
          const answer = await rig.get(saying(text, closes));
          assert.deepEqual([text.slice(0, 40), answer.ok, answer.detail], [text.slice(0, 40), ok, detail]);
        }
      }),
  },
  {
    promise: "the request is a plain GET that says who asks, on a new connection each time, which is closed afterwards",
    run: () => withRig(plainGet),
  },
  {
    promise: "a redirect is followed on the same host, and no further; ten in a row are a failure",
    run: () => withRig(redirects),
  },
  {
    promise: "whoever cannot be reached, hangs up or resets is told apart",
    run: () => withRig(troubles),
  },
  {
    promise:
      "an answer that trickles, a server that is silent and a head without an end cost the time limit and no more",
    run: () => withRig(endless),
  },
  {
    promise: "what is no URL is an answer, too",
    run: () =>
      withRig(async (rig) => {
        for (const url of ["", "127.0.0.1:80/x", "http://127.0.0.1:99999/", "ftp://127.0.0.1/", "http://[::1/"]) {
          const { ok, detail } = await rig.ask({ tag: "http", url });
          assert.deepEqual([ok, detail], [false, `could not be asked: ${url} is no HTTP URL`]);
        }
      }),
  },
];

async function plainGet(rig: Rig): Promise<void> {
  const heard: string[] = [];
  let closed = 0;
  const port = await rig.serve((socket) => {
    socket.on("data", (chunk) => {
      heard.push(String(chunk));
      if (heard.join("").endsWith("\r\n\r\n")) socket.write(OK);
    });
    socket.on("close", () => closed++);
  });
  const url = `http://127.0.0.1:${port}/ready?deep=1`;
  for (let count = 1; count <= 3; count++) {
    assert.equal((await rig.ask({ tag: "http", url })).ok, true);
    await eventually(() => closed >= count, 5000, "the connection closed");
  }
  const request = [
    "GET /ready?deep=1 HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "User-Agent: supervisor-probe/1.2.3",
    "Accept: */*",
    "Connection: close",
    "",
    "",
  ].join("\r\n");
  assert.equal(heard.join(""), request.repeat(3));
}

async function redirects(rig: Rig): Promise<void> {
  const to = (location: string) => head("302 Found", `Location: ${location}`);
  const other = await rig.serve(saying(head("204 No Content")));
  const paths: string[] = [];
  const port = await rig.serve((socket) => {
    socket.on("data", (chunk) => {
      const [, path = ""] = String(chunk).split(" ");
      if (!path.startsWith("/")) return;
      paths.push(path);
      const answers: Record<string, string> = {
        "/relative": to("deep/end"),
        "/absolute": to(`http://127.0.0.1:${other}/there`),
        "/away": to("http://localhost:1/"),
        "/odd": to("mailto:me@example.org"),
        "/lost": head("301 Moved Permanently"),
        "/round": to("/round"),
        "/broken": to("http://[::1"),
      };
      socket.write(answers[path] ?? OK);
    });
  });
  const ask = async (path: string) => {
    const { ok, detail } = await rig.ask({ tag: "http", url: `http://127.0.0.1:${port}${path}` });
    return [ok, detail];
  };
  assert.deepEqual(await ask("/relative"), [true, "answered 200"]);
  assert.deepEqual(paths, ["/relative", "/deep/end"]);
  assert.deepEqual(await ask("/absolute"), [true, "answered 204"]);
  assert.deepEqual(await ask("/away"), [true, "answered 302, which leads elsewhere"]);
  assert.deepEqual(await ask("/odd"), [true, "answered 302, which leads elsewhere"]);
  assert.deepEqual(await ask("/lost"), [false, "answered 301 without a place to go to"]);
  assert.deepEqual(await ask("/broken"), [false, "answered 302 without a place to go to"]);
  paths.length = 0;
  assert.deepEqual(await ask("/round"), [false, "redirected more than 10 times"]);
  assert.equal(paths.length, 11);
}

async function troubles(rig: Rig): Promise<void> {
  const detail = async (url: string) => (await rig.ask({ tag: "http", url })).detail;
  const reset = async (act: (socket: Socket) => void) => (await rig.get(act)).detail;
  assert.equal(await detail("http://127.0.0.1:1/"), "refused the connection");
  assert.equal(await reset((socket) => socket.end()), "closed the connection without an answer");
  assert.equal(await reset((socket) => socket.resetAndDestroy()), "reset the connection");
  const midway = (socket: Socket) =>
    void socket.on("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", () =>
        setTimeout(() => socket.resetAndDestroy(), 20),
      );
    });
  assert.match(await reset(midway), /^reset the connection$|^cut its answer short$/);
}

async function endless(rig: Rig): Promise<void> {
  const limitMs = 300;
  const late = async (act: (socket: Socket) => void) => {
    const began = performance.now();
    const { ok, detail } = await rig.get(act, limitMs);
    const tookMs = performance.now() - began;
    return [ok, detail, tookMs >= limitMs - 5] as const;
  };
  const silent = [false, "gave no answer within 300ms", true] as const;
  assert.deepEqual(await late(() => undefined), silent);
  const drip = (first: string, each: string) => (socket: Socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(each), 10);
    socket.on("close", () => clearInterval(timer));
  };
  assert.deepEqual(await late(drip("HTTP/1.1 200 OK\r\n", "x")), silent);
  assert.deepEqual(await late(drip("HTTP/1.1 200 OK\r\n\r\n", "x")), silent);
  assert.deepEqual(await late(drip("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n")), silent);
  // 100 MB of head: given up at the first 64 KiB, far within the limit.
  const huge = await rig.get((socket) => {
    const block = Buffer.alloc(1 << 20, `X: ${"y".repeat(97)}\n`);
    socket.write("HTTP/1.1 200 OK\r\n");
    let left = 100;
    const more = (): void => {
      while (!socket.destroyed && left-- > 0) if (!socket.write(block)) return void socket.once("drain", more);
    };
    more();
  });
  assert.deepEqual([huge.ok, huge.detail], [false, "sent no HTTP answer"]);
}
