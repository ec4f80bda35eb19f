import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contender, Program } from "./contender.ts";
import { missingOf } from "./installed.ts";

export const pm2: Contender = {
  name: "pm2",
  missing: () => missingOf("pm2"),
  pause: "restart_delay 0, the default",
  order(folder, programs) {
    const file = join(folder, "ecosystem.config.json");
    writeFileSync(file, JSON.stringify({ apps: programs.map(app) }));
    return {
      start: ["pm2", "start", file],
      environment: { PM2_HOME: join(folder, "pm2"), PM2_DISABLE_VERSION_CHECK: "true" },
      status: ["pm2", "jlist"],
      stop: ["pm2", "kill"],
      output: join("pm2", "logs"),
    };
  },
};

const app = ({ name, argv: [script, ...args] }: Program) => ({
  name,
  script,
  args,
  interpreter: "none",
  exec_mode: "fork",
  max_restarts: 1_000_000,
  vizion: false,
});
