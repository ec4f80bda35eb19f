import { runCases } from "../support/run-cases.ts";
import { cases } from "./cases.ts";

await runCases(cases);
