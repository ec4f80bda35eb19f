import type { Case } from "../support/case.ts";
import { execCases } from "./cases/exec.ts";
import { fuzzCases } from "./cases/fuzz.ts";
import { httpCases } from "./cases/http.ts";
import { leakCases } from "./cases/leak.ts";
import { listenerCases } from "./cases/listener.ts";
import { wireCases } from "./cases/wire.ts";

/** Every promise of this folder that a runtime could break. */
export const cases: readonly Case[] = [
  ...httpCases,
  ...wireCases,
  ...execCases,
  ...listenerCases,
  ...leakCases,
  ...fuzzCases,
];
