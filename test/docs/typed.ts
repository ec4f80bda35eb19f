import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ran, Root } from "../support/root.ts";

const BIN = fileURLToPath(new URL("../../supervisor/bin.sh", import.meta.url));
const BOUND_MS = 60_000;

/** What goes on until Ctrl-C: it is pressed when something was printed. */
const GOES_ON = / -f\b|^curl .*-N /;

/** What the commands of a page need beside the root: `supervisor` and `npx` on the PATH, and a curl that fails with the request. */
const FILES = {
  supervisor: `#!/bin/sh\nexec sh '${BIN}' "$@"\n`,
  npx: '#!/bin/sh\nexec "$@"\n',
  ".curlrc": "fail\nsilent\nshow-error\nmax-time = 20\n",
};
const folderOf = (root: Root) => join(root.path, "tmp/bin");

/** Prepares a root for `typed`. */
export function installCommands(root: Root): void {
  mkdirSync(folderOf(root));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folderOf(root), name), text, { mode: 0o755 });
}

/**
 * Types a command into a shell that stands in the root. What goes on until Ctrl-C ends with 0 when it has printed something.
 * Errors: throws when it takes longer than a minute.
 */
export function typed(root: Root, command: string): Promise<Ran> {
  const bin = folderOf(root);
  const env = { ...root.environment, PATH: `${bin}:${root.environment.PATH}`, CURL_HOME: bin };
  return new Promise((resolve, reject) => {
    const child = spawn("sh", ["-c", command], {
      cwd: root.path,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const said = { stdout: "", stderr: "" };
    let pressed = false;
    const press = (signal: NodeJS.Signals) => child.pid !== undefined && process.kill(-child.pid, signal);
    const timer = setTimeout(() => {
      press("SIGKILL");
      reject(new Error(`not within ${BOUND_MS} ms: ${command}\n${said.stdout}${said.stderr}`));
    }, BOUND_MS);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said.stdout += text;
      if (!pressed && GOES_ON.test(command)) pressed = press("SIGINT") !== false;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: pressed && (signal === "SIGINT" || code === 130) ? 0 : code, ...said });
    });
  });
}
