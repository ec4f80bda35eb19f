import type { Effect } from "../core/effect.ts";
import type { Command, Line } from "../unit/command.ts";
import type { Outcome } from "../unit/fault.ts";
import { privilegesOf } from "../unit/privileges.ts";
import type { Unit } from "../unit/unit.ts";
import type { Answer, Question } from "./ports.ts";
import type { Sockets } from "./sockets.ts";

export type QuestionSources = Readonly<{
  sockets: Sockets;
  commandLine: (unit: Unit, instance: number, line: Line) => Outcome<Command>;
}>;

type Asked = Readonly<{ unit: Unit; instance: number; pid: number | null; effect: Extract<Effect, { tag: "ask" }> }>;

/** Fills in a probe's question. An Answer instead: it cannot even be asked, which counts as a failure. */
export function questionOf(sources: QuestionSources, asked: Asked): Question | Answer {
  const { unit, effect } = asked;
  const { invocation, kind } = effect;
  const probe = unit.probes[kind];
  const answer = (detail: string): Answer => ({ invocation, kind, ok: false, detail });
  if (!probe) return answer("is not asked for any more");
  const { ask, timeoutMs } = probe;
  const question = { invocation, kind, timeoutMs };
  if (ask.tag === "tcp") return { ...question, ask };
  const words = ask.tag === "exec" ? ask.argv : (["-", ask.tag === "http" ? ask.url : ask.path] as const);
  const command = fill(sources, asked, words);
  if (!command.ok) return answer(command.faults.map((fault) => fault.message).join("; "));
  if (ask.tag === "exec")
    return { ...question, ask: { tag: "exec", command: command.value, privileges: privilegesOf(unit.service) } };
  const [, text = ""] = command.value.argv;
  if (ask.tag === "http") return { ...question, ask: { tag: "http", url: text } };
  const shared = sources.sockets.of(unit.name).find(({ name }) => name === ask.listener);
  return { ...question, ask: { tag: "listener", address: shared?.address ?? null, path: text } };
}

/** Why everything goes by way of a command line: a probe may use what the service's own environment holds. */
function fill(
  { commandLine }: QuestionSources,
  { unit, instance, pid, effect }: Asked,
  argv: Line["argv"],
): Outcome<Command> {
  const extra = pid === null ? {} : { MAINPID: String(pid) };
  return commandLine(unit, instance, { argv, key: `probe.${effect.kind}`, extra });
}
