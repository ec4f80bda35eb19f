import { runCases } from "../../support/run-cases.ts";
import { cases } from "./faults.ts";

await runCases(cases);
