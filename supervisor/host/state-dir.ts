import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Lock, takeLock } from "./lock.ts";

/** The state directory while it is ours. */
export type Claim = Readonly<{
  ok: true;
  /** Where the control socket is to be. */
  socket: string;
  /** The bearer token of the control API on TCP: $SUPERVISOR_TOKEN, or one that is made once and kept in `control.token` (0600). */
  token(): string;
  /** Writes `supervisor.pid`, whole or not at all. */
  writePid(): void;
  /** Takes away what only a running supervisor has there. */
  release(): void;
}>;

/**
 * Makes the state directory ours, for its owner alone (0700), and sweeps away what a killed supervisor left behind.
 * Errors: a message, when another supervisor has it or it cannot be written.
 */
export function claimStateDir(stateDir: string): Claim | Readonly<{ ok: false; message: string }> {
  try {
    mkdirSync(join(stateDir, "logs"), { recursive: true, mode: 0o700 });
    chmodSync(stateDir, 0o700);
    const lock = takeLock(join(stateDir, "supervisor.lock"));
    if (!lock) return { ok: false, message: `another supervisor already uses ${stateDir}` };
    return claimed(stateDir, lock);
  } catch (error) {
    return { ok: false, message: `the state directory cannot be used: ${(error as Error).message}` };
  }
}

function claimed(stateDir: string, lock: Lock): Claim {
  const run = join(stateDir, "run");
  const socket = join(stateDir, "control.sock");
  const pidFile = join(stateDir, "supervisor.pid");
  const text = `${process.pid}\n`;
  rmSync(run, { recursive: true, force: true });
  return {
    ok: true,
    socket,
    token() {
      const given = process.env.SUPERVISOR_TOKEN;
      if (given) return given;
      const path = join(stateDir, "control.token");
      if (!existsSync(path)) writeFileSync(path, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
      return readFileSync(path, "utf8").trim();
    },
    writePid() {
      writeFileSync(`${pidFile}.new`, text);
      renameSync(`${pidFile}.new`, pidFile);
    },
    release() {
      rmSync(run, { recursive: true, force: true });
      rmSync(socket, { force: true });
      if (readFileSync(pidFile, "utf8") === text) rmSync(pidFile);
      lock.release();
    },
  };
}
