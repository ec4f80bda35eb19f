import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import type { Question } from "../../../supervisor/daemon/ports.ts";
import { readStat } from "../../../supervisor/host/procfs.ts";
import { openDescriptors } from "../../host/conformance/rig.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { within } from "../../support/within.ts";
import { type Rig, saying, withRig } from "../rig.ts";
import { withFullQueue } from "./wire.ts";

const QUESTIONS = 1000;
const AT_ONCE = 50;
const LIMIT_MS = 250;

export const leakCases: readonly Case[] = [
  {
    promise: "a thousand questions of every kind of failure are each answered once, and leave nothing open behind",
    run: () => withRig((rig) => withFullQueue((port) => thousand(rig, port))),
  },
];

async function thousand(rig: Rig, full: number): Promise<void> {
  const asks = await everyKind(rig, full);
  // What a runtime opens once, with the first connection and the first handshake, is no leak.
  for (const ask of asks) await rig.ask(ask, LIMIT_MS);
  rig.hangUp();
  await eventually(() => childrenOfOurs().length === 0, 5000, "no child before");
  const before = openDescriptors();
  const heard = rig.answers.length;
  for (let count = 0; count < QUESTIONS; count += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, (_, index) => asks[(count + index) % asks.length] ?? asks[0]);
    await within(Promise.all(some.map((ask) => ask && rig.ask(ask, LIMIT_MS))), 20_000, `the answers after ${count}`);
  }
  assert.equal(rig.answers.length - heard, QUESTIONS);
  rig.hangUp();
  await eventually(() => childrenOfOurs().length === 0, 30_000, "no child after", childrenOfOurs);
  await eventually(() => openDescriptors() <= before, 30_000, `${before} descriptors again`, openDescriptors);
}

/** Everything that can be asked, and can go wrong. */
async function everyKind(rig: Rig, full: number): Promise<readonly Question["ask"][]> {
  const drip = (socket: Socket): void => {
    socket.write("HTTP/1.1 200 OK\r\n");
    const timer = setInterval(() => socket.write("x"), 50);
    socket.on("close", () => clearInterval(timer));
  };
  const ways: readonly ((socket: Socket) => void)[] = [
    saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    saying("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"),
    saying("garbage\r\n"),
    () => undefined,
    drip,
    (socket) => void socket.end(),
    (socket) => void socket.resetAndDestroy(),
  ];
  const ports = await Promise.all(ways.map((way) => rig.serve(way)));
  const silent = await rig.serveUnix(() => undefined);
  const exec = (script: string) =>
    ({
      tag: "exec",
      privileges: null,
      command: { argv: ["/bin/sh", "-c", script], env: { PATH: "/usr/bin:/bin" }, cwd: "/" },
    }) as const;
  return [
    ...ports.map((port) => ({ tag: "http", url: `http://127.0.0.1:${port}/` }) as const),
    ...ports.slice(3).map((port) => ({ tag: "http", url: `https://127.0.0.1:${port}/` }) as const),
    ...[1, full, ports[0] ?? 1].map((port) => ({ tag: "tcp", host: "127.0.0.1", port }) as const),
    { tag: "http", url: `https://127.0.0.1:${full}/` },
    // Nobody's own: others answer, or nobody does.
    ...[1, full, ...ports.slice(0, 4)].map(
      (port) => ({ tag: "listener", address: `127.0.0.1:${port}`, path: "/" }) as const,
    ),
    { tag: "listener", address: silent, path: "/" },
    { tag: "listener", address: join(rig.dir, "gone.sock"), path: "/" },
    exec("exit 1"),
    exec("sleep 100"),
    exec("sleep 100 & exit 2"),
    { tag: "exec", privileges: null, command: { argv: ["/no/such"], env: {}, cwd: "/" } },
  ];
}

function childrenOfOurs(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && readStat(pid)?.ppid === process.pid);
}
