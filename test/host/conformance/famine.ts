import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { Listener, Listeners } from "../../../supervisor/daemon/ports.ts";
import { bytes, libc } from "../../../supervisor/host/libc.ts";
import { createListeners } from "../../../supervisor/host/listener.ts";
import { runtime } from "../../../supervisor/host/runtime.ts";
import type { BindableSocket } from "../../../supervisor/unit/unit.ts";
import { socketOf } from "../../daemon/socket-of.ts";
import type { Case } from "../../support/case.ts";
import { openDescriptors, withRig } from "./rig.ts";

const RLIMIT_NOFILE = 7;
const SHUT_RDWR = 2;
const { shutdown } = runtime.link("libc.so.6", { shutdown: ["i32", "i32"] });

/** What a start comes to when there is not enough of something, and what a listener comes to that somebody shuts down. */
export const famineCases: readonly Case[] = [
  ...(
    [
      ["memory", "ENOMEM", 12, /Cannot allocate memory/],
      ["a process", "EAGAIN", 11, /Resource temporarily unavailable/],
    ] as const
  ).map(
    ([what, name, errno, words]): Case => ({
      promise: `A18: that there is not ${what} for another start is told as ${name}, and the next one goes well`,
      run: () =>
        withRig(async (rig) => {
          const before = openDescriptors();
          const starved = refusing(errno, () => rig.spawn(["true"]));
          const { stage, code, message } = await starved.until("spawn-failed");
          assert.deepEqual([stage, code], ["exec", name]);
          assert.match(message, words);
          assert.deepEqual((await rig.spawn(["true"]).until("exited")).exit, { by: "code", code: 0 });
          // The two pipes of each are the rig's; the runtime may have closed one of its own meanwhile.
          assert.ok(openDescriptors() <= before + 4);
        }),
    }),
  ),
  {
    promise: "A18: the last 32 descriptors go to no service, and nothing is kept of a pipe that was refused",
    run: () =>
      withRig(async ({ pipes }) => {
        const before = openDescriptors();
        within(RLIMIT_NOFILE, limitFor(20), () => assert.throws(() => pipes.open(), { code: "EMFILE" }));
        within(RLIMIT_NOFILE, limitFor(34), () => {
          const { read, write } = pipes.open();
          for (const fd of [read, write]) pipes.close(fd);
        });
        assert.equal(openDescriptors(), before);
      }),
  },
  {
    promise:
      "A8: a TCP listener that was shut down listens again where it was, be the port asked for or the kernel's choice",
    run: async () => {
      const listeners = createListeners();
      const chosen = opened(listeners, 0);
      const port = Number(chosen.address.split(":")[1]);
      listeners.close(chosen);
      for (const listener of [opened(listeners, port), opened(listeners, 0)]) {
        assert.equal(listeners.mend(listener, 9), "whole");
        shutdown(listener.fd, SHUT_RDWR);
        assert.equal(listeners.mend(listener, 9), "mended");
        assert.equal(listeners.mend(listener, 9), "whole");
        const rival = listeners.open("other", at(Number(listener.address.split(":")[1])));
        assert.equal(rival.ok ? "" : rival.faults[0].code, "listener-busy");
        listeners.close(listener);
      }
    },
  },
];

const at = (port: number) => socketOf("http", { address: { tag: "tcp", host: "127.0.0.1", port } }) as BindableSocket;

function opened(listeners: Listeners, port: number): Listener {
  const found = listeners.open("unit", at(port));
  assert.ok(found.ok);
  return found.value;
}

/**
 * Does something at once while the kernel refuses another process. Why not by RLIMIT_AS and the like: a runtime that itself
 * asks for memory or a thread in that moment ends.
 */
function refusing<T>(errno: number, act: () => T): T {
  const calls: { -readonly [Name in keyof typeof libc]: (typeof libc)[Name] } = libc;
  const real = calls.posix_spawn;
  calls.posix_spawn = () => errno;
  try {
    return act();
  } finally {
    calls.posix_spawn = real;
  }
}

/** Does something at once while this process may have so much of a resource and no more. */
function within<T>(resource: number, limit: number, act: () => T): T {
  const before = bytes(16);
  libc.prlimit(0, resource, null, before);
  const lower = before.slice();
  new BigUint64Array(lower.buffer)[0] = BigInt(limit);
  libc.prlimit(0, resource, lower, null);
  try {
    return act();
  } finally {
    libc.prlimit(0, resource, before, null);
  }
}

/** The limit under which so many descriptors are free. */
function limitFor(count: number): number {
  const taken = new Set(readdirSync("/proc/self/fd").map(Number));
  let end = 0;
  for (let free = 0; free < count; end++) if (!taken.has(end)) free++;
  return end;
}
