import { join } from "node:path";
import { tellCases } from "../support/tell-cases.ts";
import { cases } from "./conformance/cases.ts";

tellCases(cases, join(import.meta.dir, "conformance/run.ts"), 120_000);
