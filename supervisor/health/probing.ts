import type { InvocationId } from "../core/facts.ts";
import type { Answer, Probing, ProcessEvent, Question } from "../daemon/ports.ts";
import { unreachable } from "../unit/fault.ts";
import { Commands, type CommandsOptions } from "./exec.ts";
import { type Asking, type Finding, failed } from "./finding.ts";
import { askHttp } from "./http.ts";
import { Listeners, type ListenersOptions } from "./listener.ts";
import { askTcp } from "./tcp.ts";

export type ProbingOptions = CommandsOptions &
  ListenersOptions &
  Readonly<{
    /** Hears each answer, never before the `ask` that it belongs to has returned. */
    post: (answer: Answer) => void;
  }>;

/** `close` drops every question. */
export type HealthProbing = Probing & Readonly<{ close(): void }>;

/**
 * Asks the probes' questions, each over a connection or in a process of its own.
 * A question that is asked again while it is under way gets the one answer.
 */
export function createProbing(options: ProbingOptions): HealthProbing {
  return new RealProbing(options);
}

type UnderWay = Readonly<{ invocation: InvocationId; drop: () => void }>;

/** What a timer can hold; some 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

class RealProbing implements HealthProbing {
  readonly #options: ProbingOptions;
  readonly #commands: Commands;
  readonly #listeners: Listeners;
  /** By invocation and kind. */
  readonly #underWay = new Map<string, UnderWay>();

  constructor(options: ProbingOptions) {
    this.#options = options;
    this.#commands = new Commands(options);
    this.#listeners = new Listeners(options);
  }

  ask(question: Question): void {
    const { invocation, kind, timeoutMs } = question;
    const key = `${invocation} ${kind}`;
    if (this.#underWay.has(key)) return;
    const limit = new AbortController();
    let late: string | null = null;
    const drop = (): void => {
      clearTimeout(timer);
      this.#underWay.delete(key);
      limit.abort();
    };
    const settle = ({ ok, detail }: Finding): void => {
      if (limit.signal.aborted) return;
      drop();
      this.#options.post({ invocation, kind, ok, detail });
    };
    const timer = setTimeout(
      () => settle(failed(late ?? `gave no answer within ${spanText(timeoutMs)}`)),
      Math.min(timeoutMs, LONGEST_TIMER_MS),
    );
    this.#underWay.set(key, { invocation, drop });
    const explain = (detail: string | null): void => {
      late = detail;
    };
    const broken = (error: unknown): void => settle(failed(`could not be asked: ${String(error)}`));
    this.#find(question, { signal: limit.signal, explain }).then(settle, broken);
  }

  cancel(invocation: InvocationId): void {
    for (const each of [...this.#underWay.values()]) if (each.invocation === invocation) each.drop();
    this.#listeners.forget(invocation);
  }

  heard(event: ProcessEvent): boolean {
    return this.#commands.heard(event);
  }

  close(): void {
    for (const { drop } of [...this.#underWay.values()]) drop();
  }

  async #find(question: Question, asking: Asking): Promise<Finding> {
    const { ask } = question;
    switch (ask.tag) {
      case "http":
        return askHttp(ask.url, this.#options.version, asking);
      case "tcp":
        return askTcp(ask, asking);
      case "exec":
        return this.#commands.ask(question, ask, asking);
      case "listener":
        return this.#listeners.ask(question, ask, asking);
      default:
        return unreachable(ask);
    }
  }
}

/** Shape: 1000 → `1s`, 1500 → `1500ms`. */
function spanText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
