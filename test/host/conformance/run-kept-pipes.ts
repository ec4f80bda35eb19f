import { runCases } from "../../support/run-cases.ts";
import { keptPipesCases } from "./kept-pipes.ts";

await runCases(keptPipesCases);
