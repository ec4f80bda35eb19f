import { exitText } from "../core/cause.ts";
import type { Exit, InvocationId } from "../core/facts.ts";
import type { ProcessEvent, Processes, Question } from "../daemon/ports.ts";
import type { Pipes, PipeWatch } from "../output/pipes.ts";
import type { ProbeKind } from "../unit/unit.ts";
import { type Asking, type Finding, failed, passed } from "./finding.ts";
import { LastLine } from "./last-line.ts";
import { pause } from "./pause.ts";

export type CommandsOptions = Readonly<{
  processes: Pick<Processes, "spawn" | "signal">;
  pipes: Pipes;
}>;

type Ask = Extract<Question["ask"], { tag: "exec" }>;

type Life = {
  readonly printed: LastLine;
  readonly pipe: Readonly<{ read: number; watch: PipeWatch }>;
  readonly settle: (finding: Finding) => void;
  readonly gone: Promise<void>;
  readonly leave: () => void;
};

/** Asks by running a command: exit code 0 is success. It runs under an invocation of its own, `<invocation>.probe-<kind>`. */
export class Commands {
  readonly #options: CommandsOptions;
  /** Until nobody of its group is left. */
  readonly #lives = new Map<InvocationId, Life>();

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /** What is still running at the abort is killed with its whole group. */
  async ask(question: Question, ask: Ask, { signal, explain }: Asking): Promise<Finding> {
    const key = keyOf(question.invocation, question.kind);
    const before = this.#lives.get(key);
    if (before) {
      explain("was not asked: the command before it does not die");
      await Promise.race([before.gone, pause(question.timeoutMs, signal)]);
      explain(null);
    }
    if (signal.aborted || this.#lives.has(key)) return failed("was not asked");
    return new Promise((resolve) => {
      const kill = (): void => this.#options.processes.signal(key, "SIGKILL", "group");
      const settle = (finding: Finding): void => {
        signal.removeEventListener("abort", kill);
        resolve(finding);
      };
      signal.addEventListener("abort", kill);
      this.#start(key, ask, settle);
    });
  }

  /** True: the event is of one of these commands, and nobody else's to hear. */
  heard(event: ProcessEvent): boolean {
    const life = this.#lives.get(event.invocation);
    if (!life) return false;
    if (event.tag === "spawn-failed") life.settle(failed(`could not run: ${event.message}`));
    if (event.tag === "exited") this.#exited(life, event);
    const isGone = event.tag === "exited" && event.survivors.length === 0;
    if (event.tag === "spawn-failed" || event.tag === "emptied" || isGone) this.#forget(event.invocation, life);
    return true;
  }

  #start(key: InvocationId, { command, privileges = null }: Ask, settle: Life["settle"]): void {
    const { pipes, processes } = this.#options;
    const printed = new LastLine();
    let ends: ReturnType<Pipes["open"]>;
    try {
      ends = pipes.open();
    } catch (error) {
      settle(failed(`could not run: ${(error as Error).message}`));
      return;
    }
    const watch = pipes.watch(
      ends.read,
      (bytes) => printed.take(bytes),
      () => undefined,
    );
    const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
    this.#lives.set(key, { printed, pipe: { read: ends.read, watch }, settle, gone, leave });
    const confined = { privileges, resources: null, keeper: key };
    const outward = { listeners: [], notify: false, stdout: ends.write, stderr: ends.write };
    processes.spawn({ invocation: key, ...command, ...outward, ...confined });
    pipes.close(ends.write);
  }

  #exited(life: Life, { invocation, exit, survivors }: Extract<ProcessEvent, { tag: "exited" }>): void {
    // Whoever it left behind would hold the pipe, and be there a second time after the next question.
    if (survivors.length > 0) this.#options.processes.signal(invocation, "SIGKILL", "group");
    life.pipe.watch.pump();
    life.settle(findingOf(exit, life.printed.text()));
  }

  #forget(key: InvocationId, { pipe, leave }: Life): void {
    pipe.watch.stop();
    this.#options.pipes.close(pipe.read);
    this.#lives.delete(key);
    leave();
  }
}

function keyOf(invocation: InvocationId, kind: ProbeKind): InvocationId {
  return `${invocation}.probe-${kind}`;
}

function findingOf(exit: Exit, lastLine: string): Finding {
  const how = exitText(exit);
  if (exit.by === "code" && exit.code === 0) return passed(how);
  return failed(lastLine === "" ? how : `${how}: ${lastLine}`);
}
