import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";

type Done = Parameters<SpanExporter["export"]>[1];
type Result = Parameters<Done>[0];

/** Source: ExportResultCode of @opentelemetry/core. */
const FAILED = 1;

export type Watch = Readonly<{
  /** What is not taken within it has failed, whatever the collector does later. */
  limitMs: number;
  /** Told of each batch. `error`: null when the collector took it. */
  sent(spans: number, error: Error | null): void;
}>;

/**
 * Sends spans through another exporter, with a limit of time for a whole batch, its retries included.
 * Why: the limits of the exporter are for each time that nothing comes; a collector that answers a byte now and then has no end.
 */
export class WatchedExporter implements SpanExporter {
  readonly #inner: SpanExporter;
  readonly #watch: Watch;
  readonly #pending = new Set<Promise<void>>();

  constructor(inner: SpanExporter, watch: Watch) {
    this.#inner = inner;
    this.#watch = watch;
  }

  export(spans: ReadableSpan[], done: Done): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pending.add(promise);
    const settle = (result: Result): void => {
      if (!this.#pending.delete(promise)) return;
      resolve();
      clearTimeout(timer);
      const isTaken = result.code !== FAILED;
      this.#watch.sent(spans.length, isTaken ? null : (result.error ?? new Error("the export failed")));
      done(result);
    };
    const late = () => settle({ code: FAILED, error: new Error(`not taken within ${this.#watch.limitMs} ms`) });
    const timer = setTimeout(late, this.#watch.limitMs);
    this.#inner.export(spans, settle);
  }

  /** Resolves when of each batch it is known what became of it. */
  async forceFlush(): Promise<void> {
    await Promise.all(this.#pending);
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }
}
