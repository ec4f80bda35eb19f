import { commandsOf } from "../../supervisor/core/chore.ts";
import type { Effect } from "../../supervisor/core/effect.ts";
import type { ProcessFact } from "../../supervisor/core/event.ts";
import type { ChoreKind } from "../../supervisor/core/facts.ts";
import type { UnitState } from "../../supervisor/core/world.ts";

type Command = Extract<Effect, { tag: "command" }>;

/** What the units' commands really came to. */
export class Errands {
  readonly #begun = new Map<string, Command>();
  /** Shape: `i1 start-pre 0`. */
  readonly #well = new Set<string>();
  readonly #ended = new Set<string>();

  begin(command: Command): void {
    this.#begun.set(command.invocation, command);
  }

  hear(fact: ProcessFact): void {
    if (fact.tag !== "exited" && fact.tag !== "spawn-failed") return;
    const command = this.#begun.get(fact.invocation);
    if (!command) return;
    const of = `${command.of.invocation} ${command.kind} ${command.index}`;
    this.#ended.add(of);
    if (fact.tag === "exited" && fact.exit.by === "code" && fact.exit.code === 0) this.#well.add(of);
  }

  /** Every command of the kind has been run for the life, and has done well or may fail. */
  mayGoOn({ unit }: UnitState, invocation: string, kind: ChoreKind): readonly string[] {
    const missing = commandsOf(unit.service, kind).filter(([program], index) => {
      const done = program.startsWith("-") ? this.#ended : this.#well;
      return !done.has(`${invocation} ${kind} ${index}`);
    });
    return missing.length > 0 ? [`${unit.name}: ${invocation} goes on without its ${kind}`] : [];
  }
}
