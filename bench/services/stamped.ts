import { writeFileSync } from "node:fs";
import { processLife } from "../../services/kit/life.ts";
import { serve } from "../../services/kit/serve.ts";

/**
 * A small HTTP service that notes when it said that it is ready, in the file `ready-PID` of its working directory.
 * Units: milliseconds since 1970 with fractions, so that another process of this machine may subtract its own.
 */

const life = processLife();
await serve({ fetch: () => new Response("ok") }, { life, port: 0 });
life.ready();
writeFileSync(`ready-${process.pid}`, String(performance.timeOrigin + performance.now()));
