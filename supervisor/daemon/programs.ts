import type { InvocationId } from "../core/facts.ts";
import { type Program, serving } from "../core/state.ts";
import type { UnitState } from "../core/world.ts";
import type { Command } from "../unit/command.ts";
import type { Unit } from "../unit/unit.ts";
import type { Changed } from "./difference.ts";

/**
 * Remembers what each process was started as: with which definition, since the unit's may be another by now, and by which
 * command line, so that an instance can go back to it.
 */
export interface Programs {
  /** The definitions that the processes which serve, or are to serve, were started with; each once. */
  definitionsOf(entry: UnitState): readonly Unit[];
  /** Remembers the command line that a life is started by, and the directory of its credentials, which ends with it. */
  keep(invocation: InvocationId, command: Command, credentials: string | null): void;
  /**
   * The command line of an earlier life, with the folder that it ran in and the directory of the credentials that are there
   * now; null when nobody can go back to it any more.
   */
  commandOf(invocation: InvocationId, credentials: string | null): Command | null;
  /** Call after every turn, before the next definitions are put in place. */
  turned(changes: readonly Changed[]): void;
}

/** `realPath`: where a path leads to now. */
export function createPrograms(realPath: (path: string) => string): Programs {
  const definitions = new Map<InvocationId, Unit>();
  const commands = new Map<InvocationId, Kept>();
  /** Kept since the last turn. */
  const recent = new Set<InvocationId>();
  const forget = (invocation: InvocationId): void => {
    definitions.delete(invocation);
    commands.delete(invocation);
  };
  return {
    definitionsOf({ unit, instances }) {
      const programs = instances.flatMap(serving).map(({ program }) => program);
      const started = programs.map((program) => definitions.get(program.life) ?? startedAs(unit, program));
      return [...new Set(started)];
    },
    keep(invocation, command, credentials) {
      commands.set(invocation, { command: pinned(command, realPath(command.cwd)), credentials });
      recent.add(invocation);
    },
    commandOf(invocation, credentials) {
      const kept = commands.get(invocation);
      return kept ? entrusted(kept, credentials) : null;
    },
    turned(changes) {
      for (const { before, now } of changes) {
        const there = now ? programsOf(now) : [];
        const lives = new Set(there.map(({ life }) => life));
        for (const { life } of before ? programsOf(before) : []) if (!lives.has(life)) forget(life);
        for (const each of there) {
          if (now && !definitions.has(each.life)) definitions.set(each.life, startedAs(now.unit, each));
        }
      }
      // Whose start failed at once was never seen in a world.
      for (const each of recent) if (!definitions.has(each)) commands.delete(each);
      recent.clear();
    },
  };
}

/** `credentials`: the directory that the command line may name. */
type Kept = Readonly<{ command: Command; credentials: string | null }>;

/** Those that run, and those that may be gone back to. */
function programsOf({ instances }: UnitState): readonly Program[] {
  return instances.flatMap((state) => {
    const former = state.handover.undo.map(({ program }) => program);
    return [...serving(state).map(({ program }) => program), ...former];
  });
}

/**
 * What a process was started as that another daemon has left, as far as anybody knows: what is loaded, but for the release.
 * Why: a deployment may have been cut in the middle, and then some run from the one and some from the other.
 */
function startedAs(unit: Unit, { release = null }: Program): Unit {
  return unit.release === release ? unit : { ...unit, release };
}

/**
 * Names the folder itself instead of the link that led to it.
 * Why: a deployment that switches a link (`current` → `releases/42`) is gone back from by what the link was.
 */
function pinned({ argv: [program, ...args], env, cwd }: Command, folder: string): Command {
  const pin = (word: string): string =>
    word === cwd || word.startsWith(`${cwd}/`) ? folder + word.slice(cwd.length) : word;
  return { argv: [pin(program), ...args.map(pin)], env, cwd: folder };
}

/** Names the directory of the credentials that are there now instead of the one that ended with the earlier life. */
function entrusted({ command: { argv, env, cwd }, credentials: former }: Kept, now: string | null): Command {
  const { CREDENTIALS_DIRECTORY: _, ...rest } = env;
  const own = former === null ? env : rest;
  const lent = now === null ? {} : { CREDENTIALS_DIRECTORY: now };
  if (former === null || now === null) return { argv, env: { ...own, ...lent }, cwd };
  const swap = (word: string): string => word.replaceAll(former, now);
  const [program, ...args] = argv;
  const filled = Object.entries(own).map(([name, value]) => [name, swap(value)]);
  return { argv: [swap(program), ...args.map(swap)], env: { ...Object.fromEntries(filled), ...lent }, cwd: swap(cwd) };
}
