import assert from "node:assert/strict";
import { libc } from "../../../supervisor/host/libc.ts";
import { runtime } from "../../../supervisor/host/runtime.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { type Rig, withRig } from "./rig.ts";

// Not node:fs: on Deno it knows only the descriptors that it has opened itself.
const { write } = runtime.link("libc.so.6", { write: ["i32", "buffer", "usize"] });
const say = (fd: number, text: string): number => write(fd, new TextEncoder().encode(text), text.length);

const F_GETFL = 3;
const O_ASYNC = 0o20000;
const BOUND_MS = 5_000;

export const pipesCases: readonly Case[] = [
  {
    promise: "a pump reads all that is in the pipe, then the end, and nothing comes after it",
    run: () =>
      withRig(async (rig) => {
        const { heard, watch, pipes, pair } = watched(rig);
        for (let i = 0; i < 40; i++) say(pair.write, "x".repeat(5000));
        watch.pump();
        assert.deepEqual([heard.bytes, heard.ends], [200_000, 0]);
        say(pair.write, "seven .");
        pipes.close(pair.write);
        watch.pump();
        assert.equal(heard.ends, 1);
        watch.pump();
        rig.reactor.turn();
        assert.deepEqual([heard.bytes, heard.ends], [200_007, 1]);
        pipes.close(pair.read);
      }),
  },
  {
    promise: "what was in the pipe before it was watched is told without a pump",
    run: () =>
      withRig(async (rig) => {
        const pair = rig.pipes.open();
        say(pair.write, "early");
        let text = "";
        // Signals that earlier writes raised are past after this, so that none of them does the work.
        for (let i = 0; i < 10; i++) await new Promise(setImmediate);
        rig.pipes.watch(
          pair.read,
          (bytes) => {
            text += new TextDecoder().decode(bytes);
            rig.wake();
          },
          () => undefined,
        );
        await rig.until("early", () => text === "early");
        rig.pipes.close(pair.read);
        rig.pipes.close(pair.write);
      }),
  },
  {
    promise: "a stopped watch hears neither bytes nor end",
    run: () =>
      withRig(async (rig) => {
        const { heard, watch, pipes, pair } = watched(rig);
        say(pair.write, "unheard");
        watch.stop();
        watch.pump();
        pipes.close(pair.write);
        rig.reactor.turn();
        assert.deepEqual([heard.bytes, heard.ends], [0, 0]);
        pipes.close(pair.read);
      }),
  },
  {
    promise:
      "a pipe that is written to line by line is looked at instead of listened to, until it is quiet; no line is lost, and no end",
    run: () =>
      withRig(async (rig) => {
        const { read, write } = rig.pipes.open();
        const heard = { bytes: 0, isOver: false };
        const view = new Uint8Array(new ArrayBuffer(65_536));
        rig.reactor.watchAbove(read, () => {
          const count = libc.read(read, view, view.length);
          heard.bytes += Math.max(0, count);
          heard.isOver ||= count === 0;
          return 0;
        });
        const isListenedTo = (): boolean => (libc.fcntl(read, F_GETFL, 0) & O_ASYNC) !== 0;
        let said = 0;
        const printUntil = async (isEnough: () => boolean): Promise<void> => {
          for (let lines = 0; !isEnough(); lines++) {
            assert.ok(lines < 100_000, "never enough");
            said += say(write, "a line\n");
            await new Promise(setImmediate);
          }
        };
        await printUntil(() => !isListenedTo());
        await eventually(
          () => isListenedTo() && heard.bytes === said,
          BOUND_MS,
          "it is quiet",
          () => ({ said, heard }),
        );
        said += say(write, "one more\n");
        await eventually(() => heard.bytes === said, BOUND_MS, "the next line is told");
        await printUntil(() => !isListenedTo());
        rig.pipes.close(write);
        await eventually(() => heard.isOver && heard.bytes === said, BOUND_MS, "the end is told");
        rig.reactor.unwatch(read);
        rig.pipes.close(read);
      }),
  },
  {
    promise: "the write end blocks, and both ends are close-on-exec",
    run: () =>
      withRig(async (rig) => {
        const pair = rig.pipes.open();
        const { read, write } = pair;
        const [F_GETFD, F_GETFL, O_NONBLOCK] = [1, 3, 0o4000];
        assert.deepEqual([libc.fcntl(read, F_GETFD, 0), libc.fcntl(write, F_GETFD, 0)], [1, 1]);
        assert.equal(libc.fcntl(read, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
        assert.equal(libc.fcntl(write, F_GETFL, 0) & O_NONBLOCK, 0);
        rig.pipes.close(pair.read);
        rig.pipes.close(pair.write);
      }),
  },
];

function watched(rig: Rig) {
  const { pipes } = rig;
  const heard = { bytes: 0, ends: 0 };
  const pair = pipes.open();
  const watch = pipes.watch(
    pair.read,
    (bytes) => {
      heard.bytes += bytes.length;
    },
    () => {
      heard.ends++;
    },
  );
  return { pipes, heard, watch, pair };
}
