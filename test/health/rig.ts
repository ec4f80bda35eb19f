import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Answer, ProcessEvent, Question } from "../../supervisor/daemon/ports.ts";
import { createProbing, type HealthProbing } from "../../supervisor/health/probing.ts";
import { createFindAcceptor } from "../../supervisor/host/acceptor.ts";
import { createPipes } from "../../supervisor/host/pipes.ts";
import { createProcesses, type HostProcesses } from "../../supervisor/host/process.ts";
import { createReactor } from "../../supervisor/host/reactor.ts";
import type { ProbeKind } from "../../supervisor/unit/unit.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";

type Ask = Question["ask"];

/** How much later than its time limit an answer may come on a busy machine. */
export const GRACE_MS = 1500;

/** The real probing on the real host, with servers of this process to ask. */
export class Rig {
  readonly dir = mkdtempSync(join(tmpdir(), "health-"));
  readonly events: ProcessEvent[] = [];
  readonly answers: Answer[] = [];
  /** Where each life has its private listener. */
  readonly privates = new Map<string, string>();
  readonly reactor = createReactor();
  readonly pipes = createPipes(this.reactor);
  readonly processes: HostProcesses = createProcesses({
    reactor: this.reactor,
    runtimeDir: join(this.dir, "run"),
    post: (event) => {
      this.events.push(event);
      this.probing.heard(event);
    },
  });
  readonly probing: HealthProbing = createProbing({
    version: "1.2.3",
    processes: this.processes,
    pipes: this.pipes,
    privates: {
      of: (invocation) => {
        const path = this.privates.get(invocation);
        return path === undefined ? null : { path, fd: -1, inode: 0 };
      },
    },
    findAcceptor: createFindAcceptor((life) => this.processes.members(life).map(({ pid }) => pid)),
    post: (answer) => {
      this.answers.push(answer);
      this.#waiting.get(`${answer.invocation} ${answer.kind}`)?.(answer);
    },
  });
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #served = 0;

  /** Asks and gives the one answer. Errors: throws when it is later than the limit allows, or when there are two. */
  async ask(ask: Ask, timeoutMs = 5000, life = newLife(), kind: ProbeKind = "readiness"): Promise<Answer> {
    const before = this.answers.length;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(`${life} ${kind}`, resolve);
    this.probing.ask({ invocation: life, kind, ask, timeoutMs });
    if (this.answers.length > before) throw new Error("answered before ask returned");
    const answer = await within(promise, timeoutMs + GRACE_MS, `an answer to ${JSON.stringify(ask)}`);
    this.#waiting.delete(`${life} ${kind}`);
    return answer;
  }

  /** Asks a server that does this with each connection. */
  async get(onSocket: (socket: Socket) => void, timeoutMs?: number, path = "/ready"): Promise<Answer> {
    const port = await this.serve(onSocket);
    return this.ask({ tag: "http", url: `http://127.0.0.1:${port}${path}` }, timeoutMs);
  }

  async serve(onSocket: (socket: Socket) => void, host = "127.0.0.1"): Promise<number> {
    const server = this.#server(onSocket);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async serveUnix(onSocket: (socket: Socket) => void): Promise<string> {
    const path = join(this.dir, `${++this.#served}.sock`);
    const server = this.#server(onSocket);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return path;
  }

  /** Hears an answer that no `ask` above waits for. */
  async untilAnswers(count: number): Promise<void> {
    await eventually(
      () => this.answers.length >= count,
      10_000,
      `${count} answers`,
      () => this.answers,
    );
  }

  async close(): Promise<void> {
    this.probing.close();
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.processes.close();
    this.reactor.close();
    rmSync(this.dir, { recursive: true });
  }

  /** Drops the servers' ends of all connections. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #server(onSocket: (socket: Socket) => void): Server {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      onSocket(socket);
    });
    this.#servers.push(server);
    return server;
  }
}

export async function withRig(use: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = new Rig();
  try {
    await use(rig);
  } finally {
    await rig.close();
  }
}

export function newLife(): string {
  return randomBytes(16).toString("hex");
}

/** Answers each request with this text, and ends the connection where `close` says so. */
export function saying(text: string, close = false): (socket: Socket) => void {
  return (socket) => {
    let heard = "";
    socket.on("data", (chunk) => {
      heard += chunk;
      if (!heard.includes("\r\n\r\n")) return;
      heard = "";
      socket.write(text);
      if (close) socket.end();
    });
  };
}
