import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { eventually } from "../../test/support/eventually.ts";
import type { Root } from "../../test/support/root.ts";
import { post } from "../handovers.ts";
import { createRandom, type Draw } from "../random.ts";
import { statusOf } from "./ask.ts";
import type { Books } from "./books.ts";
import { type Name, names, partOf, type Verb } from "./world.ts";

/** Orders that are given all the while, unit by unit. */
export interface Orders {
  isBusy(unit: Name): boolean;
  /** How many a unit was given so far. */
  given(unit: Name): number;
  /** What is under way. Shape: `["echo reload"]`. */
  underWay(): readonly string[];
  /** How many orders were given, and how many were cut by the death of who was to carry them out. */
  count(): Readonly<{ given: number; cut: number }>;
  /** Waits until each unit is at rest. */
  stop(): Promise<void>;
}

type Options = Readonly<{ root: Root; books: Books; seed: number; pauseMs: number }>;

const BOUND_MS = 60_000;
const MOST_INSTANCES = 2;

export function startOrders(options: Options): Orders {
  const { root, books, seed, pauseMs } = options;
  const underWay = new Map<Name, Verb>();
  const given = new Map<Name, number>();
  const counts = { given: 0, cut: 0 };
  let isOver = false;
  const one = async (unit: Name, draw: Draw): Promise<void> => {
    const { verbs } = partOf(unit);
    const verb = verbs[draw(verbs.length)];
    if (!verb) return;
    underWay.set(unit, verb);
    given.set(unit, (given.get(unit) ?? 0) + 1);
    counts.given++;
    for (const [step, body] of stepsOf(verb, draw)) {
      const isCut = await give(root, books, { unit, step, body });
      if (isCut) counts.cut++;
      await atRest(root, unit, verb === "halt");
    }
    // The order to start may not have come to anybody.
    if (verb === "halt") await revive(root, unit);
    underWay.delete(unit);
  };
  const loops = names.map(async (unit, index) => {
    const draw = createRandom(seed + index);
    while (!isOver && partOf(unit).verbs.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, draw(pauseMs)));
      await one(unit, draw).catch((error: unknown) => {
        books.surprise(`${unit} ${underWay.get(unit)}: ${error instanceof Error ? error.message : error}`);
        isOver = true;
      });
    }
  });
  return {
    isBusy: (unit) => underWay.has(unit),
    given: (unit) => given.get(unit) ?? 0,
    underWay: () => [...underWay].map(([unit, verb]) => `${unit} ${verb}`),
    count: () => counts,
    async stop() {
      isOver = true;
      await Promise.all(loops);
    },
  };
}

type Step = Readonly<{ unit: Name; step: string; body: unknown }>;

function stepsOf(verb: Verb, draw: Draw): readonly (readonly [step: string, body: unknown])[] {
  switch (verb) {
    case "halt":
      return [
        ["stop", {}],
        ["start", {}],
      ];
    case "scale":
      return [["scale", { instances: 1 + draw(MOST_INSTANCES) }]];
    default:
      return [[verb, {}]];
  }
}

/** Whether nobody was there to answer, or who was died over it. */
async function give(root: Root, books: Books, { unit, step, body }: Step): Promise<boolean> {
  const answer = await post(root.controlPath, `/v1/units/${unit}/${step}?wait=60s`, body).catch(() => "");
  const verdicts = answer === "" ? undefined : verdictsIn(answer);
  if (verdicts === undefined) return true;
  for (const { result, message } of verdicts) {
    if (result !== "done") books.surprise(`${unit} ${step}: ${result}: ${message}`);
  }
  return false;
}

type Verdict = Readonly<{ result: string; message: string }>;

/** Undefined: the answer was cut. Errors: throws when it is a refusal. */
function verdictsIn(answer: string): readonly Verdict[] | undefined {
  let read: { verdicts?: readonly Verdict[] };
  try {
    read = JSON.parse(answer);
  } catch {
    return undefined;
  }
  if (!read.verdicts) throw new Error(answer);
  return read.verdicts;
}

/** Waits until nobody of a unit comes or goes. */
async function atRest(root: Root, unit: Name, mayBeDown: boolean): Promise<UnitStatus> {
  let last: UnitStatus | undefined;
  const isAtRest = async () => {
    last = (await statusOf(root))?.units.find(({ name }) => name === unit);
    if (!last) return null;
    const { active_state, instances, wanted } = last;
    if (active_state === "active") {
      return instances.length > 0 && instances.every(({ phase }) => phase === "running") && last;
    }
    return mayBeDown && wanted === "down" && instances.every(({ pid }) => pid === null) && last;
  };
  return eventually(isAtRest, BOUND_MS, `${unit} is at rest`, () => last);
}

/** Starts what was stopped until it runs. */
async function revive(root: Root, unit: Name): Promise<void> {
  const isUp = async () => {
    const { wanted } = await atRest(root, unit, true);
    if (wanted === "up") return true;
    await post(root.controlPath, `/v1/units/${unit}/start?wait=60s`).catch(() => "");
    return false;
  };
  await eventually(isUp, BOUND_MS, `${unit} is up again`);
}
