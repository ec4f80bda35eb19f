import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { linksIn } from "./links.ts";
import { type Lock, takeLock } from "./lock.ts";
import { lookOften } from "./often.ts";
import { replaceFile } from "./replace-file.ts";

/** The state directory while it is ours. */
export type Claim = Readonly<{
  ok: true;
  /** Where the control socket is to be. */
  socket: string;
  /** The bearer token of the control API on TCP: $SUPERVISOR_TOKEN, or one that is made once and kept in `control.token` (0600). */
  token(): string;
  /** Writes `supervisor.pid`, whole or not at all, as soon as it can be written. From now on what is deleted here is made anew. */
  writePid(): void;
  /** Takes away what only a running supervisor has there. */
  release(): void;
}>;

/** Others may pass, and not look around. */
const PASSABLE = 0o711;
/** Whoever may enter the directory may know who runs. */
const PUBLIC = 0o666;

/**
 * Makes the state directory ours, for its owner alone (0700, or as it was opened for the users of a release), and sweeps away what a killed supervisor left behind.
 * `anew` hears that it was deleted while it was ours, and was made again: its files are gone, and output files are to be opened anew.
 * Errors: a message, when another supervisor has it, when it cannot be written, when it is another user's, and when there are
 * symbolic links in it: nothing is written through one.
 */
export function claimStateDir(
  stateDir: string,
  anew: (text: string) => void = tellAnew,
): Claim | Readonly<{ ok: false; message: string }> {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(stateDir);
    if (uid !== 0 && uid !== process.geteuid?.()) return refused(`${stateDir} belongs to another user (uid ${uid})`);
    chmodSync(stateDir, isPassed(stateDir, mode) ? PASSABLE : 0o700);
    const links = linksIn(stateDir);
    if (links.length > 0) return refused(`nothing is written through a symbolic link: ${links.join(", ")}`);
    makeFolders(stateDir);
    const lock = takeLock(join(stateDir, "supervisor.lock"));
    if (!lock) return refused(`another supervisor already uses ${stateDir}`);
    return new Claimed({ stateDir, lock, anew });
  } catch (error) {
    return refused(`the state directory cannot be used: ${(error as Error).message}`);
  }
}

type Claiming = Readonly<{ stateDir: string; lock: Lock; anew: (text: string) => void }>;

class Claimed implements Claim {
  readonly ok = true;
  readonly socket: string;
  readonly #stateDir: string;
  readonly #pidFile: string;
  readonly #anew: (text: string) => void;
  readonly #text = `${process.pid}\n`;
  #lock: Lock;
  #stopLooking: (() => void) | null = null;

  constructor({ stateDir, lock, anew }: Claiming) {
    this.#stateDir = stateDir;
    this.#lock = lock;
    this.#anew = anew;
    this.socket = join(stateDir, "control.sock");
    this.#pidFile = join(stateDir, "supervisor.pid");
  }

  token(): string {
    const given = process.env.SUPERVISOR_TOKEN;
    if (given) return given;
    const path = join(this.#stateDir, "control.token");
    if (!existsSync(path)) {
      writeFileSync(path, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
    }
    return readFileSync(path, "utf8").trim();
  }

  writePid(): void {
    this.#look();
    this.#stopLooking ??= lookOften(() => this.#look());
  }

  release(): void {
    this.#stopLooking?.();
    try {
      rmSync(join(this.#stateDir, "run"), { recursive: true, force: true });
      rmSync(this.socket, { force: true });
      if (this.#isOurPid()) rmSync(this.#pidFile, { force: true });
    } catch {
      // It can only be read any more: what is left there is known to be stale by its lock.
    }
    this.#lock.release();
  }

  #putPid(): void {
    replaceFile(this.#pidFile, this.#text, PUBLIC);
  }

  #isOurPid(): boolean {
    try {
      return readFileSync(this.#pidFile, "utf8") === this.#text;
    } catch {
      // It was deleted: then there is nothing of ours.
      return false;
    }
  }

  /** Whether all is still there. */
  #look(): void {
    try {
      if (!this.#lock.isThere()) this.#takeAgain();
      else if (!this.#isOurPid()) this.#putPid();
    } catch {
      // It cannot be written now: the next look may find it otherwise.
    }
  }

  /** Errors: throws what `node:fs` throws. */
  #takeAgain(): void {
    makeFolders(this.#stateDir);
    // Somebody who has something to write may have made it first, and wider.
    chmodSync(this.#stateDir, 0o700);
    const lock = takeLock(join(this.#stateDir, "supervisor.lock"));
    // Somebody else has begun there meanwhile, and has it by right.
    if (!lock) return;
    this.#lock.release();
    this.#lock = lock;
    this.#putPid();
    this.#anew(`${this.#stateDir} was deleted and is made anew: the output and history in it are lost`);
  }
}

/** Whether users of services pass through to a release; one that runs on is not to be shut out, not even for a moment. */
function isPassed(stateDir: string, mode: number): boolean {
  return (mode & 0o777) === PASSABLE && existsSync(join(stateDir, "releases.json"));
}

function makeFolders(stateDir: string): void {
  mkdirSync(join(stateDir, "logs"), { recursive: true, mode: 0o700 });
}

/** The output files are opened anew as after a rotation by somebody else, whom the daemon hears by the same signal. */
function tellAnew(text: string): void {
  process.stderr.write(`supervisor: ${text}\n`);
  process.kill(process.pid, "SIGUSR1");
}

function refused(message: string): Readonly<{ ok: false; message: string }> {
  return { ok: false, message };
}
