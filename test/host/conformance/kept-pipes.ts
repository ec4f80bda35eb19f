import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { libc } from "../../../supervisor/host/libc.ts";
import { runtime } from "../../../supervisor/host/runtime.ts";
import { Capture } from "../../../supervisor/output/capture.ts";
import type { Case } from "../../support/case.ts";
import { within } from "../../support/within.ts";
import { type Rig, withRig } from "./rig.ts";

// Not node:fs: on Deno it knows only the descriptors that it has opened itself.
const { write, splice } = runtime.link("libc.so.6", {
  write: ["i32", "buffer", "usize"],
  splice: ["i32", "buffer", "i32", "buffer", "usize", "u32"],
});
const say = (fd: number, text: string): number => write(fd, new TextEncoder().encode(text), text.length);
const F_SETPIPE_SZ = 1031;
const SPLICE_F_NONBLOCK = 2;

/** Promises of a pipe that is kept from: what is in it stays there until it was taken. */
export const keptPipesCases: readonly Case[] = [
  {
    promise: "a line that was begun stays in its pipe, and is taken whole once it has an end",
    run: () =>
      withRig(async (rig) => {
        const { heard, pair, pipes } = kept(rig);
        say(pair.write, "one\ntw");
        rig.reactor.turn();
        assert.deepEqual([heard.text, available(pair.read)], ["one\n", 2]);
        rig.reactor.turn();
        say(pair.write, "o\n");
        await rig.until("the second line", () => heard.text === "one\ntwo\n");
        assert.equal(available(pair.read), 0);
        for (const fd of [pair.read, pair.write]) pipes.close(fd);
      }),
  },
  {
    promise: "the last line of a pipe is taken without an end, then comes the end, once",
    run: () =>
      withRig(async (rig) => {
        const { heard, pair, pipes } = kept(rig);
        say(pair.write, "one\ntwo");
        rig.reactor.turn();
        pipes.close(pair.write);
        await rig.until("the end", () => heard.ends > 0);
        rig.reactor.turn();
        assert.deepEqual([heard.text, heard.ends], ["one\ntwo", 1]);
        pipes.close(pair.read);
      }),
  },
  {
    promise: "a writer that waits for room behind the beginning of a line is heard",
    run: () =>
      withRig(async (rig) => {
        const { heard, pair, pipes } = kept(rig);
        say(pair.write, "begun ");
        rig.reactor.turn();
        // One write that fills the pipe up: epoll does not tell of it.
        const script = "dd if=/dev/zero bs=3000000 count=1 2>/dev/null";
        const child = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", pair.write, "ignore"], timeout: 10_000 });
        await within(once(child, "exit"), 10_000, "it has found room for all of it");
        pipes.close(pair.write);
        await rig.until("the end", () => heard.ends === 1);
        assert.equal(heard.bytes, 3_000_006);
        pipes.close(pair.read);
      }),
  },
  {
    promise: "few bytes that use up all room of a pipe are taken without waiting for the end of their line",
    run: () =>
      withRig(async (rig) => {
        for (const sizeBytes of [64 * 1024, 1024 * 1024]) {
          const { heard, pair, pipes } = kept(rig);
          assert.ok(libc.fcntl(pair.read, F_SETPIPE_SZ, sizeBytes) >= 0);
          const side = pipes.open();
          let moved = 0;
          do say(side.write, ".");
          while (splice(side.read, null, pair.write, null, 1, SPLICE_F_NONBLOCK) === 1 && ++moved < 10_000);
          assert.ok(moved >= sizeBytes / 4096, "each byte takes a slot");
          await rig.until("room", () => heard.bytes > 0);
          for (const fd of [side.read, side.write, pair.read, pair.write]) pipes.close(fd);
        }
      }),
  },
  {
    promise: "whoever comes next is told whether what was taken has left the pipe, and whether a line is open",
    run: () =>
      withRig(async (rig) => {
        const { heard, pair, pipes, pipe } = kept(rig);
        const told = () => pipes.past(pair.read);
        assert.deepEqual(told(), { isSettled: true, isMidLine: false, isFull: false });
        say(pair.write, "one\ntwo");
        rig.reactor.turn();
        assert.deepEqual(heard.pasts, [{ isSettled: false, isMidLine: false, isFull: false }]);
        assert.deepEqual(told(), { isSettled: true, isMidLine: false, isFull: false });
        pipe.drain();
        assert.deepEqual(told(), { isSettled: true, isMidLine: true, isFull: false });
        pipe.stop();
        assert.deepEqual(told(), { isSettled: true, isMidLine: true, isFull: false });
        for (const fd of [pair.read, pair.write]) pipes.close(fd);
      }),
  },
  {
    promise: "a pipe that takes no more is known to be full, and one that was read from is not",
    run: () =>
      withRig(async (rig) => {
        const { pair, pipes, pipe } = kept(rig);
        const [F_SETFL, O_NONBLOCK] = [4, 0o4000];
        libc.fcntl(pair.write, F_SETFL, O_NONBLOCK);
        while (say(pair.write, "x".repeat(5000)) > 0);
        assert.equal(pipes.past(pair.read).isFull, true);
        pipe.drain();
        assert.equal(pipes.past(pair.read).isFull, false);
        for (const fd of [pair.read, pair.write]) pipes.close(fd);
      }),
  },
  {
    promise: "only what stands at the head of a pipe is skipped",
    run: () =>
      withRig(async (rig) => {
        const { heard, pair, pipes, pipe } = kept(rig);
        const bytes = (text: string) => new TextEncoder().encode(text);
        say(pair.write, "one\ntwo\n");
        assert.equal(pipe.skip(bytes("two\n")), false);
        assert.equal(pipe.skip(bytes("one\ntwo\nthree\n")), false);
        assert.equal(pipe.skip(bytes("one\n")), true);
        await rig.until("the rest", () => heard.text === "two\n");
        for (const fd of [pair.read, pair.write]) pipes.close(fd);
      }),
  },
];

function kept(rig: Rig) {
  const { pipes } = rig;
  const pair = pipes.open();
  const heard = { text: "", bytes: 0, ends: 0, pasts: [] as unknown[] };
  const capture = new Capture((bytes) => {
    heard.bytes += bytes.length;
    if (heard.bytes < 1000) heard.text += new TextDecoder().decode(bytes);
    heard.pasts.push(pipes.past(pair.read));
  });
  const pipe = pipes.keep(pair.read, {
    cut: (bytes, isFull) => capture.cut(bytes, isFull),
    take: (bytes) => {
      capture.take(bytes);
      rig.wake();
    },
    end: () => {
      heard.ends++;
      rig.wake();
    },
  });
  return { pipes, pair, heard, pipe };
}

function available(fd: number): number {
  const FIONREAD = 0x541b;
  const count = new Uint8Array(new ArrayBuffer(4));
  libc.ioctl(fd, FIONREAD, count);
  return new DataView(count.buffer).getInt32(0, true);
}
