import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { PrivateListener } from "../../../supervisor/daemon/ports.ts";
import { libc } from "../../../supervisor/host/libc.ts";
import { createPrivateListeners } from "../../../supervisor/host/private-listener.ts";
import type { Outcome } from "../../../supervisor/unit/fault.ts";
import type { Case } from "../../support/case.ts";
import { within } from "../../support/within.ts";

const LIMIT_MS = 5_000;
const F_GETFD = 1;
const F_GETFL = 3;
const O_NONBLOCK = 0o4000;

export const privateListenerCases: readonly Case[] = [
  at("a private listener answers at a path that only we may use, non-blocking and close-on-exec", async (dir) => {
    const listeners = createPrivateListeners(join(dir, "run"));
    const one = opened(listeners.open("i1"));
    assert.equal(one.path, join(dir, "run/i1.private"));
    assert.deepEqual([statSync(one.path).mode & 0o777, statSync(dirname(one.path)).mode & 0o777], [0o600, 0o700]);
    assert.equal(libc.fcntl(one.fd, F_GETFD, 0), 1);
    assert.equal(libc.fcntl(one.fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
    assert.equal(await connected(one.path), "connected");
    assert.deepEqual(listeners.of("i1"), one);
    listeners.close("i1");
    assert.deepEqual([listeners.of("i1"), existsSync(one.path)], [null, false]);
    assert.equal(await connected(one.path), "ENOENT");
    listeners.close("i1");
  }),
  at("each invocation has one of its own, and closing one leaves the other", async (dir) => {
    const listeners = createPrivateListeners(dir);
    const [one, two] = [opened(listeners.open("i1")), opened(listeners.open("i2"))];
    assert.notEqual(one.inode, two.inode);
    listeners.close("i1");
    assert.equal(await connected(two.path), "connected");
    listeners.close("i2");
    assert.deepEqual(readdirSync(dir), []);
  }),
  at(
    "a path that is too long is replaced by a short one that nobody else may enter, and that leaves nothing",
    async (dir) => {
      const listeners = createPrivateListeners(join(dir, "long".repeat(30)));
      const [one, two] = [opened(listeners.open("i1")), opened(listeners.open("i2"))];
      assert.equal(await connected(one.path), "connected");
      assert.equal(dirname(one.path), dirname(two.path));
      assert.equal(statSync(dirname(one.path)).mode & 0o777, 0o700);
      listeners.close("i1");
      listeners.close("i2");
      assert.equal(existsSync(dirname(one.path)), false);
      const again = opened(listeners.open("i3"));
      assert.equal(await connected(again.path), "connected");
      listeners.close("i3");
    },
  ),
  at("what stands in the way is a fault with its reason, and no descriptor is left", async (dir) => {
    writeFileSync(join(dir, "file"), "");
    const before = readdirSync("/proc/self/fd").length;
    const refused = createPrivateListeners(join(dir, "file/run")).open("i1");
    assert.ok(!refused.ok);
    const [{ code, message }] = refused.faults;
    assert.equal(`${code} ${message}`, `listener-failed private listener: ${dir}/file/run: Not a directory (ENOTDIR)`);
    mkdirSync(join(dir, "i1.private"));
    assert.equal(createPrivateListeners(dir).open("i1").ok, false);
    assert.equal(readdirSync("/proc/self/fd").length, before);
  }),
];

function at(promise: string, use: (dir: string) => Promise<void>): Case {
  return {
    promise,
    run: async () => {
      const dir = mkdtempSync(join(tmpdir(), "private-"));
      try {
        await use(dir);
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  };
}

function opened(outcome: Outcome<PrivateListener>): PrivateListener {
  assert.ok(outcome.ok, outcome.ok ? "" : outcome.faults[0].message);
  return outcome.value;
}

/** `connected`, or the code of the error. */
function connected(path: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(path);
  socket.once("connect", () => {
    socket.destroy();
    resolve("connected");
  });
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  return within(promise, LIMIT_MS, `an answer at ${path}`);
}
