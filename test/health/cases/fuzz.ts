import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { openDescriptors } from "../../host/conformance/rig.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { type Rig, withRig } from "../rig.ts";

const ROUNDS = 400;
const AT_ONCE = 20;
const LIMIT_MS = 300;

/** What answers are made of, and mutated from. */
const seeds: readonly string[] = [
  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nwiki\r\n0\r\nX: y\r\n\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\n\r\nuntil the end",
  "HTTP/1.1 204 No Content\r\nServer: x\r\n folded\r\n\r\n",
];

export const fuzzCases: readonly Case[] = [
  {
    promise: "whatever a server says, it is one answer in time, and nothing stays open",
    run: () => withRig(fuzzed),
  },
];

async function fuzzed(rig: Rig): Promise<void> {
  const dice = diceOf(20_260_101);
  const port = await rig.serve((socket) => speak(socket, dice));
  const ask = () => rig.ask({ tag: "http", url: `http://127.0.0.1:${port}/` }, LIMIT_MS);
  await ask();
  rig.hangUp();
  const before = openDescriptors();
  for (let round = 0; round < ROUNDS; round += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, ask));
    for (const { detail } of answers) assert.doesNotMatch(detail, /could not be asked/);
  }
  assert.equal(rig.answers.length, ROUNDS + 1);
  rig.hangUp();
  await eventually(() => openDescriptors() <= before, 5000, `${before} descriptors again`, openDescriptors);
}

/** Sends a mutated answer in pieces, then stays, ends or resets. */
function speak(socket: Socket, dice: (most: number) => number): void {
  const text = mutated(seeds[dice(seeds.length)] ?? "", dice);
  for (let at = 0; at < text.length; ) {
    const size = 1 + dice(dice(3) === 0 ? 3 : text.length);
    socket.write(text.subarray(at, at + size));
    at += size;
  }
  const end = dice(4);
  if (end === 0) socket.resetAndDestroy();
  if (end < 3) socket.end();
}

function mutated(seed: string, dice: (most: number) => number): Buffer {
  let bytes = Buffer.from(seed, "latin1");
  for (let count = dice(6); count > 0; count--) {
    const at = dice(bytes.length + 1);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const random = Buffer.from(Array.from({ length: dice(40) }, () => dice(256)));
    const changes = [
      () => Buffer.concat([head, random, tail]),
      () => Buffer.concat([head, tail.subarray(dice(8))]),
      () => Buffer.concat([head, bytes, tail]),
      () => head,
      () => Buffer.concat([head, Buffer.alloc(dice(70_000), "a: b\r\n"), tail]),
      () => Buffer.concat([head, Buffer.alloc(dice(20_000), dice(256)), tail]),
      () =>
        Buffer.from(
          bytes.toString("latin1").replace(/\d+/, () => String(dice(2 ** 31))),
          "latin1",
        ),
    ];
    bytes = Buffer.from(changes[dice(changes.length)]?.() ?? bytes);
  }
  return bytes;
}

/** The same numbers each time. Shape: `dice(6)` gives 0 to 5. */
function diceOf(seed: number): (most: number) => number {
  let state = seed >>> 0;
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return most < 1 ? 0 : Math.floor((state / 2 ** 32) * most);
  };
}
