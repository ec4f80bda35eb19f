import assert from "node:assert/strict";
import { createServer } from "node:tls";
import { cInt, libc } from "../../../supervisor/host/libc.ts";
import { AF_INET, boundAddress, tcpSockaddr } from "../../../supervisor/host/sockaddr.ts";
import type { Case } from "../../support/case.ts";
import { certificate } from "../fixtures/certificate.ts";
import { newLife, type Rig, saying, withRig } from "../rig.ts";

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const LIMIT_MS = 300;

export const wireCases: readonly Case[] = [
  {
    promise: "tcp: a connection is success, a refusal is not",
    run: () =>
      withRig(async (rig) => {
        const port = await rig.serve(() => undefined);
        const open = await rig.ask({ tag: "tcp", host: "127.0.0.1", port });
        assert.deepEqual([open.ok, open.detail], [true, "took the connection"]);
        const closed = await rig.ask({ tag: "tcp", host: "127.0.0.1", port: 1 });
        assert.deepEqual([closed.ok, closed.detail], [false, "refused the connection"]);
      }),
  },
  {
    promise: "a connection that hangs in a full queue costs the time limit and no more",
    run: () =>
      withRig((rig) =>
        withFullQueue(async (port) => {
          for (const ask of [
            { tag: "tcp", host: "127.0.0.1", port },
            { tag: "http", url: `http://127.0.0.1:${port}/` },
            { tag: "http", url: `https://127.0.0.1:${port}/` },
          ] as const) {
            const { ok, detail } = await rig.ask(ask, LIMIT_MS);
            assert.deepEqual([ok, detail], [false, "gave no answer within 300ms"]);
          }
        }),
      ),
  },
  { promise: "https: the certificate is not verified, and what speaks no TLS is told", run: () => withRig(overTls) },
  {
    promise: "what was cancelled is not answered, and can be asked anew; a question under way is not asked twice",
    run: () =>
      withRig(async (rig) => {
        let connections = 0;
        const port = await rig.serve(() => void connections++);
        const life = newLife();
        const question = {
          invocation: life,
          ask: { tag: "http", url: `http://127.0.0.1:${port}/` },
          timeoutMs: 200,
        } as const;
        for (let count = 0; count < 5; count++) rig.probing.ask({ ...question, kind: "readiness" });
        rig.probing.ask({ ...question, kind: "liveness" });
        await rig.untilAnswers(2);
        assert.equal(connections, 2);
        rig.probing.ask({ ...question, kind: "readiness" });
        rig.probing.ask({ ...question, kind: "startup" });
        rig.probing.cancel(life);
        await rig.ask({ tag: "http", url: question.ask.url }, 400);
        assert.deepEqual(rig.answers.map(({ kind }) => kind).sort(), ["liveness", "readiness", "readiness"]);
      }),
  },
];

async function overTls(rig: Rig): Promise<void> {
  const answer = saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const server = createServer(certificate, (socket) => {
    socket.on("error", () => undefined);
    answer(socket);
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const said = async (url: string, timeoutMs?: number) => {
    const { ok, detail } = await rig.ask({ tag: "http", url }, timeoutMs);
    return [ok, detail];
  };
  for (const host of ["127.0.0.1", "localhost"]) {
    assert.deepEqual(await said(`https://${host}:${port}/`), [true, "answered 200"]);
  }
  const plain = await rig.serve(
    (socket) => void socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
  );
  assert.deepEqual(await said(`https://127.0.0.1:${plain}/`), [false, "failed the TLS handshake"]);
  const mute = await rig.serve(() => undefined);
  assert.deepEqual(await said(`https://127.0.0.1:${mute}/`, LIMIT_MS), [false, "gave no answer within 300ms"]);
  const brief = await rig.serve((socket) => void socket.end());
  assert.deepEqual(await said(`https://127.0.0.1:${brief}/`), [false, "closed the connection without an answer"]);
  const rude = await rig.serve((socket) => void socket.resetAndDestroy());
  assert.deepEqual(await said(`https://127.0.0.1:${rude}/`), [false, "reset the connection"]);
  assert.deepEqual(await said("https://127.0.0.1:1/"), [false, "refused the connection"]);
  server.close();
}

/** Lends the port of a listener that nobody accepts on, and whose queue is full. */
export async function withFullQueue(use: (port: number) => Promise<void>): Promise<void> {
  const fds = [libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)];
  const [listener = -1] = fds;
  const any = tcpSockaddr("127.0.0.1", 0);
  libc.setsockopt(listener, 1, 2, cInt(1), 4);
  assert.equal(libc.bind(listener, any, any.length), 0);
  assert.equal(libc.listen(listener, 0), 0);
  const { port } = boundAddress(listener) ?? assert.fail("it is bound");
  const target = tcpSockaddr("127.0.0.1", port);
  for (let count = 0; count < 3; count++) {
    const fd = libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    libc.connect(fd, target, target.length);
    fds.push(fd);
  }
  try {
    await use(port);
  } finally {
    for (const fd of fds) libc.close(fd);
  }
}
