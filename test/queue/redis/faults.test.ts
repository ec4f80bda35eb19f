import { join } from "node:path";
import { tellCases } from "../../support/tell-cases.ts";
import { storeNames } from "../stores.ts";
import { cases } from "./faults.ts";

if (storeNames.includes("redis")) tellCases(cases, join(import.meta.dir, "run.ts"), 120_000);
else console.log("faults of Redis: not tried, redis-server is not installed");
