import { join } from "node:path";
import { tellCases } from "../support/tell-cases.ts";
import { keptPipesCases } from "./conformance/kept-pipes.ts";

// A run of its own: whoever keeps from pipes holds a side pipe for good, and other cases count descriptors.
tellCases(keptPipesCases, join(import.meta.dir, "conformance/run-kept-pipes.ts"), 60_000);
