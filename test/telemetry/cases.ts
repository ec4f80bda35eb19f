import assert from "node:assert/strict";
import { otlpTracing } from "../../services/telemetry/otlp.ts";
import type { Trace } from "../../services/telemetry/trace.ts";
import type { Case } from "../support/case.ts";
import { type Manner, openCollector } from "../support/collector.ts";
import { eventually } from "../support/eventually.ts";

const BOUND_MS = 10_000;
const parent: Trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", flags: 1 };
const recorder = { name: null, role: "api", version: "1.2.3", instance: "i1" };

type Scene = Readonly<{
  tracing: ReturnType<typeof otlpTracing>;
  collector: Awaited<ReturnType<typeof openCollector>>;
  /** What was said of the collector: a message, or null when it takes spans again. */
  told: readonly (string | null)[];
}>;

const scene = async (manner: Manner, use: (scene: Scene) => Promise<void>, exportLimitMs = 200): Promise<void> => {
  const collector = await openCollector(manner);
  const told: (string | null)[] = [];
  const tracing = otlpTracing({
    endpoint: collector.url,
    recorder,
    told: (error) => told.push(error?.message ?? null),
    exportLimitMs,
  });
  try {
    await use({ tracing, collector, told });
  } finally {
    await collector.close();
  }
};

const many = (tracing: Scene["tracing"], count: number): void => {
  for (let n = 0; n < count; n++) tracing.begin("server", () => ({ name: "GET /", parent: null })).end();
};

/** Whoever is slow, silent or gone costs spans, and nothing else. */
const lost = (manner: Manner, message: RegExp): Case => ({
  promise: `a collector that ${manner} costs spans, which are counted, and is told of once; one that takes them again, too`,
  run: () =>
    scene(manner, async ({ tracing, collector, told }) => {
      many(tracing, 2);
      const begin = performance.now();
      assert.equal(await tracing.close(BOUND_MS), 0);
      assert.ok(performance.now() - begin < 2_000);
      many(tracing, 1);
      await tracing.close(BOUND_MS);
      assert.deepEqual(tracing.counts(), { exported: 0, dropped: 3 });
      assert.equal(told.length, 1);
      assert.match(told[0] ?? "", message);
      collector.behave("takes");
      many(tracing, 1);
      await tracing.close(BOUND_MS);
      assert.deepEqual([tracing.counts(), told.length, told[1]], [{ exported: 1, dropped: 3 }, 2, null]);
    }),
});

/** What holds of recording for a collector, on each runtime. */
export const cases: readonly Case[] = [
  {
    promise: "a span is sent by itself, with who we are, whose child it is, what was said of it and that it went wrong",
    run: () =>
      scene("takes", async ({ tracing, collector }) => {
        const attributes = { "http.route": "/tasks", long: "x".repeat(2_000) };
        const span = tracing.begin("server", () => ({ name: "POST /tasks", parent, attributes }));
        const child = span.child("producer", "enqueue t");
        child.failed("queue-full", "no room");
        child.end();
        span.set({ "http.response.status_code": 503 });
        span.end();
        await eventually(() => collector.spans.length === 2, BOUND_MS, "both spans came");
        const [inner, outer] = collector.spans;
        assert.ok(inner && outer);
        assert.deepEqual(
          [outer.traceId, outer.parentSpanId, outer.kind, outer.name, outer.isError],
          [parent.traceId, parent.spanId, "server", "POST /tasks", false],
        );
        const { long, ...rest } = outer.attributes;
        assert.deepEqual(rest, { "http.route": "/tasks", "http.response.status_code": 503 });
        assert.equal(String(long).length, 1_024);
        assert.deepEqual(
          [inner.traceId, inner.parentSpanId, inner.kind, inner.isError, inner.message, inner.attributes],
          [parent.traceId, outer.spanId, "producer", true, "no room", { "error.type": "queue-full" }],
        );
        const { "service.name": name, "service.version": version, "service.instance.id": instance } = outer.resource;
        assert.deepEqual([name, version, instance], ["api", "1.2.3", "i1"]);
        assert.deepEqual(
          [...new Set(collector.requests.map(({ path, headers }) => `${path} ${headers["content-type"]}`))],
          ["/v1/traces application/json"],
        );
      }),
  },
  {
    promise: "a trace that nobody records elsewhere is not recorded here, and its children are told so",
    run: () =>
      scene("takes", async ({ tracing, collector }) => {
        const span = tracing.begin("server", () => ({ name: "GET /", parent: { ...parent, flags: 0 } }));
        assert.deepEqual([span.trace.traceId, span.trace.flags], [parent.traceId, 0]);
        span.end();
        assert.equal(await tracing.close(BOUND_MS), 0);
        assert.deepEqual([collector.spans, tracing.counts()], [[], { exported: 0, dropped: 0 }]);
      }),
  },
  lost("refuses", /400|Bad Request/),
  lost("hangs", /timed out|not taken within 200 ms/i),
  lost("trickles", /not taken within 200 ms/),
  {
    promise: "no more spans wait than there is room for, and the end waits no longer than it may",
    run: () =>
      scene(
        "hangs",
        async ({ tracing }) => {
          many(tracing, 5_000);
          const { dropped } = tracing.counts() ?? { dropped: 0 };
          assert.ok(dropped >= 5_000 - 2_048 - 512, `${dropped} dropped`);
          const begin = performance.now();
          const left = await tracing.close(50);
          assert.ok(performance.now() - begin < 5_000, "it waited for longer");
          assert.equal(left, 5_000 - dropped);
        },
        30_000,
      ),
  },
];
