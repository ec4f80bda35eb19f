import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Task } from "../../services/queue/queue.ts";
import { webhookDeliver } from "../../services/tasks/webhook-deliver.ts";
import { unsigned, type WebhookPolicy } from "../../services/tasks/webhook-policy.ts";
import { readSecrets, signatureHeaders, type WebhookSecret } from "../../services/tasks/webhook-signature.ts";
import type { Case } from "../support/case.ts";
import { within } from "../support/within.ts";
import { contextFor } from "./context.ts";
import { openTarget, type TargetOrder } from "./fixtures/target.ts";

const BOUND_MS = 10_000;

type Given = Readonly<{ policy?: Partial<WebhookPolicy>; task?: Partial<Task>; signal?: AbortSignal }>;

function deliver(payload: Record<string, unknown>, { policy, task, signal }: Given = {}) {
  const webhook = { ...unsigned("any"), ...policy };
  const context = contextFor({ webhook, ...(signal && { signal }) }, task);
  const attempt = webhookDeliver.handle(webhookDeliver.payload.parse({ body: 1, ...payload }), context);
  return within(attempt, BOUND_MS, "the end of the delivery");
}

/** A policy by which names lead to these addresses: to the first list when asked first, and so on. */
function leadingTo(...lists: readonly (readonly string[])[]) {
  const asked: string[] = [];
  const resolve = async (host: string) => lists[Math.min(asked.push(host), lists.length) - 1] ?? [];
  return { asked, policy: { resolve } };
}

type Target = Awaited<ReturnType<typeof openTarget>>;

async function withTarget(use: (target: Target) => Promise<void>, order: TargetOrder = {}): Promise<void> {
  const target = await openTarget(order);
  try {
    await use(target);
  } finally {
    await target.close();
  }
}

const outcomeOf = async (attempt: ReturnType<typeof deliver>) => {
  const ended = await attempt;
  return ended.ok ? ended.result : [ended.error.code, ended.retry];
};

const done = async (attempt: ReturnType<typeof deliver>) => assert.equal((await attempt).ok, true);

/** What may be done about an address that is not public: nothing. */
const refused = ["address-private", false];

const ofTheAddress: readonly Case[] = [
  {
    promise: "the address that was looked at is the one that is connected to: DNS is asked once, for a name",
    run: () =>
      withTarget(async (first) => {
        await withTarget(
          async (second) => {
            const { asked, policy } = leadingTo(["127.0.0.1"], ["127.0.0.2"]);
            await done(deliver({ url: `http://hooks.example:${first.port}/204` }, { policy }));
            assert.deepEqual([asked, first.deliveries.length, second.connections()], [["hooks.example"], 1, 0]);
            assert.equal(first.deliveries[0]?.headers.host, `hooks.example:${first.port}`);
          },
          { host: "127.0.0.2", port: first.port },
        );
      }),
  },
  {
    promise: "of several addresses the first that answers is connected to",
    run: () =>
      withTarget(async ({ port }) => {
        const { policy } = leadingTo(["::1", "127.0.0.2", "127.0.0.1"]);
        await done(deliver({ url: `http://hooks.example:${port}/204` }, { policy }));
      }),
  },
  {
    promise: "an address that is not public is not connected to, however it is spelled, and no retry follows",
    run: () =>
      withTarget(async ({ port, connections }) => {
        const spelled = ["127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "127.0.0.1.", "①②⑦.0.0.1", "0"];
        const v6 = ["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]", "[::127.0.0.1]"];
        for (const host of [...spelled, ...v6, "localhost", "LOCALHOST", "user:word@127.0.0.1"]) {
          const attempt = deliver({ url: `http://${host}:${port}/204` }, { policy: { reach: "public" } });
          assert.deepEqual([host, await outcomeOf(attempt)], [host, refused]);
        }
        assert.equal(connections(), 0);
      }),
  },
  {
    promise: "a name that leads also, or only, to an address that is not public is refused; one that does not is tried",
    run: () =>
      withTarget(async ({ port, connections }) => {
        const to = (...addresses: string[]) => {
          const policy = { ...leadingTo(addresses).policy, reach: "public" as const };
          return outcomeOf(deliver({ url: `http://hooks.example:${port}/204`, timeout_ms: 50 }, { policy }));
        };
        assert.deepEqual(await to("127.0.0.1"), refused);
        assert.deepEqual(await to("2000::1", "127.0.0.1"), refused);
        const [code, retry] = (await to("2000::1")) as [string, boolean];
        assert.deepEqual([["network", "timed-out"].includes(code), retry], [true, true]);
        assert.equal(connections(), 0);
      }),
  },
  {
    promise: "a name without an address is tried again",
    async run() {
      const policy = { resolve: () => Promise.reject(new Error("getaddrinfo ENOTFOUND hooks.example")) };
      assert.deepEqual(await outcomeOf(deliver({ url: "http://hooks.example/" }, { policy })), ["network", true]);
      assert.deepEqual(await outcomeOf(deliver({ url: "http://hooks.invalid/" })), ["network", true]);
    },
  },
  {
    promise: "over TLS the certificate is that of the name, though an address is connected to",
    run: () =>
      withTarget(
        async ({ port, deliveries }) => {
          const { policy } = leadingTo(["127.0.0.1"]);
          await done(deliver({ url: `https://hooks.example:${port}/204` }, { policy }));
          for (const host of ["other.example", "127.0.0.1"]) {
            const attempt = deliver({ url: `https://${host}:${port}/204` }, { policy });
            assert.deepEqual(await outcomeOf(attempt), ["network", true]);
          }
          assert.equal(deliveries.length, 1);
        },
        { isSecure: true },
      ),
  },
];

const ofTheSignal: readonly Case[] = [
  {
    promise: "a name server that is silent, and a receiver that does not take or not answer, are left at the signal",
    run: () =>
      withTarget(({ url }) =>
        whereNobodyGetsThrough(async (full) => {
          await isLeft("http://hooks.example/", { policy: { resolve: () => new Promise<never>(() => {}) } });
          await isLeft(full);
          await isLeft(`${url}/silent`);
        }),
      ),
  },
];

const ofTheAnswer: readonly Case[] = [
  {
    promise: "an answer that is none is tried again",
    async run() {
      const words = [
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        "hello\r\n\r\n",
        "",
      ];
      const sockets: Socket[] = [];
      const server = createServer((socket) => {
        sockets.push(socket);
        socket.once("data", () => socket.end(words[sockets.length - 1] ?? ""));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      for (const _ of words) {
        assert.deepEqual(await outcomeOf(deliver({ url: `http://127.0.0.1:${port}/` })), ["network", true]);
      }
      server.close();
    },
  },
  {
    promise: "a receiver that asks for a rest gets it, where another attempt follows at all",
    run: () =>
      withTarget(async ({ url }) => {
        const rest = async (path: string) => {
          const attempt = await deliver({ url: `${url}/${path}` });
          return attempt.ok ? attempt : [attempt.retry, attempt.retryAfterMs];
        };
        for (const status of [408, 425, 429, 500, 503]) {
          assert.deepEqual(await rest(`${status}?retry-after=7`), [true, 7_000]);
        }
        const date = "Wed, 21 Oct 2026 07:28:00 GMT";
        const soon = "Wed, 21 Oct 2026 07:28:09 GMT";
        assert.deepEqual(await rest(`503?${new URLSearchParams({ date, "retry-after": soon })}`), [true, 9_000]);
        assert.deepEqual(await rest("503"), [true, 0]);
        assert.deepEqual(await rest("404?retry-after=7"), [false, undefined]);
      }),
  },
  {
    promise: "the body is signed as it is sent, by each secret, under the task's id; a payload cannot sign for itself",
    run: () =>
      withTarget(async ({ url, deliveries }) => {
        const text = [1, 2].map((byte) => `whsec_${Buffer.alloc(24, byte).toString("base64")}`).join("\n");
        const secrets = readSecrets(text) as readonly WebhookSecret[];
        const headers = { "Webhook-Id": "mine", "WEBHOOK-SIGNATURE": "v1,mine", "webhook-timestamp": "1" };
        const order = { url: `${url}/204`, body: { text: "é€😀\ud800" }, headers };
        await done(deliver(order, { policy: { secrets }, task: { id: "the-task" } }));
        const [sent] = deliveries;
        const atMs = Number(sent?.headers["webhook-timestamp"]) * 1_000;
        assert.ok(Math.abs(Date.now() - atMs) < 60_000, "the moment of the attempt");
        const wanted = signatureHeaders(secrets, "the-task", sent?.body ?? "", atMs);
        assert.equal(wanted["webhook-signature"]?.split(" ").length, 2);
        for (const [name, value] of Object.entries(wanted)) assert.equal(sent?.headers[name], value);
        await done(deliver({ url: `${url}/204` }));
        assert.equal(deliveries[1]?.headers["webhook-signature"], undefined);
      }),
  },
];

/** Every promise about a delivery that a runtime could break. */
export const cases: readonly Case[] = [...ofTheAddress, ...ofTheSignal, ...ofTheAnswer];

async function isLeft(url: string, given: Given = {}): Promise<void> {
  assert.deepEqual([url, await outcomeOf(deliver({ url, timeout_ms: 50 }, given))], [url, ["timed-out", true]]);
  const stop = new AbortController();
  const stopped = deliver({ url }, { ...given, signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(stopped, /enough/);
}

async function whereNobodyGetsThrough(use: (url: string) => Promise<void>): Promise<void> {
  const free = await openTarget();
  await free.close();
  const script = new URL("fixtures/full.py", import.meta.url).pathname;
  const child = spawn("python3", [script, "127.0.0.1", String(free.port)], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await within(once(child.stdout, "data"), BOUND_MS, "nobody gets through");
    await use(`http://127.0.0.1:${free.port}/`);
  } finally {
    child.kill();
  }
}
