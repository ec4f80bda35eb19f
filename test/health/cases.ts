import type { Case } from "../host/conformance/case.ts";
import { httpCases } from "./cases/http.ts";
import { listenerCases } from "./cases/listener.ts";

/** Every promise of this folder that a runtime could break. */
export const cases: readonly Case[] = [...httpCases, ...listenerCases];
