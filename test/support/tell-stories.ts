import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Daemon, withDaemon } from "./daemon.ts";
import { missingOf } from "./missing.ts";
import type { RuntimeName } from "./root.ts";
import { journalOf, readStory, type Story, scriptOf } from "./story.ts";

const FOLDER = fileURLToPath(new URL("../scenario/stories", import.meta.url));
const SCRIPT_BOUND_MS = 45_000;

/** Declares a test for every story, told to a daemon on the given runtime. */
export function tellStories(runtime: RuntimeName): void {
  for (const name of readdirSync(FOLDER).sort()) {
    const story = readStory(FOLDER, name);
    const missing = missingOf(story.needs);
    if (missing.length > 0) console.log(`${name}: not told, ${missing.join(", ")} is not installed`);
    test.skipIf(missing.length > 0)(
      `${name.replaceAll("-", " ")}: ${runtime}`,
      async () => {
        await withDaemon({ runtime, ...story.root }, async (daemon) => {
          await tell(story, daemon);
          expect(await journalOf(daemon)).toEqual([...story.journal]);
        });
      },
      60_000,
    );
  }
}

/** Runs the story's script. Errors: throws with what it said when it does not end with 0. */
function tell(story: Story, daemon: Daemon): Promise<void> {
  const { argv, env } = scriptOf(story);
  const [program = "", ...args] = argv;
  const script = spawn(program, args, {
    cwd: daemon.path,
    env: { ...daemon.environment, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [script.stdout, script.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => script.kill("SIGKILL"), SCRIPT_BOUND_MS);
    script.once("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`${story.name}: ended with ${code ?? signal}\n${said}`));
    });
  });
}
