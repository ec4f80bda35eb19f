import type { Case } from "./case.ts";
import { clockCases } from "./clock.ts";
import { listenerCases } from "./listener.ts";
import { notifyCases } from "./notify.ts";
import { pipesCases } from "./pipes.ts";
import { privilegeCases } from "./privileges.ts";
import { processCases } from "./process.ts";
import { serveCases } from "./serve.ts";
import { treeCases } from "./tree.ts";

/** Every promise of this folder that a runtime could break. */
export const cases: readonly Case[] = [
  ...clockCases,
  ...pipesCases,
  ...processCases,
  ...treeCases,
  ...privilegeCases,
  ...notifyCases,
  ...listenerCases,
  ...serveCases,
];
