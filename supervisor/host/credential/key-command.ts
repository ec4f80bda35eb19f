import { type ChildProcess, spawn } from "node:child_process";
import type { KeysRead } from "../../unit/credential.ts";
import type { Argv } from "../../unit/unit.ts";
import { reasonOf } from "../reason.ts";
import { parseKeys } from "./key.ts";

/** How long the command may take. Why so long: a vault may be on another continent, and asks somebody else for its part. */
export const KEY_COMMAND_LIMIT_MS = 10_000;
const LONGEST_BYTES = 16 * 1024;
/** What was meant for the supervisor alone. */
const OWN = /^(?:LISTEN_.*|NOTIFY_SOCKET|WATCHDOG_.*|FDSTORE|SUPERVISOR_TOKEN)$/s;

/**
 * `showErrors`: what the command says on stderr is shown on ours. Why never in a fault: a script that is traced (`sh -x`) prints the
 * key there, and a fault ends up in logs.
 */
export type KeyCommandOrder = Readonly<{
  argv: Argv;
  root: string;
  environ: Readonly<Record<string, string | undefined>>;
  showErrors: boolean;
  signal?: AbortSignal;
  limitMs?: number;
}>;

/** Runs the command that prints the keys, in the root folder. Never rejects. Errors: it cannot be run, fails, takes too long, prints no keys. */
export function runKeyCommand(order: KeyCommandOrder): Promise<KeysRead> {
  const { argv, root, environ, showErrors, signal, limitMs = KEY_COMMAND_LIMIT_MS } = order;
  const [program, ...args] = argv;
  const place = `the key command (${program})`;
  const env = Object.fromEntries(Object.entries(environ).filter(([name]) => !OWN.test(name)));
  const stdio = ["ignore", "pipe", showErrors ? "inherit" : "ignore"] as const;
  return new Promise((resolve) => {
    const settle = (read: KeysRead): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      resolve(read);
    };
    const no = (message: string): void => settle({ ok: false, message: `${place} ${message}`, fix: LOOK });
    const end = (why: string): void => {
      // Not only the command: whoever it has started may hold its output open.
      child?.stdout?.destroy();
      child?.kill("SIGKILL");
      no(why);
    };
    const abort = (): void => end("was not waited for");
    const timer = setTimeout(() => end(`gave no answer within ${limitMs / 1000}s`), limitMs);
    signal?.addEventListener("abort", abort);
    const child = begin(() => spawn(program, args, { cwd: root, env, stdio: [...stdio] }), no);
    if (child === null) return;
    const printed = gather(child, () => end(`prints more than ${LONGEST_BYTES} bytes`));
    child.once("error", (error) => no(`cannot be run: ${reasonOf(error)}`));
    child.once("close", (code, killedBy) => {
      if (code !== 0) no(code === null ? `was ended by ${killedBy}` : `failed with exit code ${code}`);
      else settle(read(place, printed()));
    });
  });
}

/** One runtime tells by an event what another one throws. */
function begin(start: () => ChildProcess, refused: (why: string) => void): ChildProcess | null {
  try {
    return start();
  } catch (error) {
    refused(`cannot be run: ${reasonOf(error)}`);
    return null;
  }
}

const LOOK =
  "run it by hand, as the user that runs the supervisor; what it prints on stderr is shown by `supervisor creds list`";

function gather(child: ChildProcess, overflow: () => void): () => string {
  const chunks: Buffer[] = [];
  let lengthBytes = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    lengthBytes += chunk.length;
    if (lengthBytes > LONGEST_BYTES) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("latin1");
}

function read(place: string, text: string): KeysRead {
  const parsed = parseKeys(text);
  if (parsed.ok) return { ok: true, ring: { place, keys: parsed.keys } };
  return { ok: false, message: `what ${place} prints is of no use: ${parsed.message}`, fix: LOOK };
}
