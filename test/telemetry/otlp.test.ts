import { join } from "node:path";
import { tellCases } from "../support/tell-cases.ts";
import { cases } from "./cases.ts";

tellCases(cases, join(import.meta.dir, "run.ts"), 60_000);
