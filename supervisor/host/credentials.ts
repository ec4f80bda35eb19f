import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Credentials } from "../daemon/ports.ts";
import type { CommandContext } from "../unit/command.ts";
import { credentialSources, type KeysRead, needsKeys } from "../unit/credential.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import { privilegesOf } from "../unit/privileges.ts";
import type { Unit } from "../unit/unit.ts";
import { loginOf } from "./account.ts";
import type { Keys } from "./credential/keys.ts";
import { readCredential } from "./credential/read.ts";
import { identityOf } from "./identity.ts";
import { leftBy, makeDirectory, memoryPlace } from "./in-memory.ts";
import { reasonOf } from "./reason.ts";

const PREFIX = "supervisor-credentials-";

/** `keys`: those of encrypted credentials. */
export type CredentialsOptions = Readonly<
  Pick<CommandContext, "root" | "stateDir" | "environ"> & { keys: Pick<Keys, "fetch"> }
>;

/**
 * `sweep` removes everything, also what a killed supervisor of this state directory left behind: for the start and the very end.
 * `kept`: invocations that are gone on with.
 */
export type HostCredentials = Credentials & Readonly<{ sweep(kept?: Kept): void }>;

type Kept = Readonly<{ has(invocation: string): boolean; size: number }>;
const nobody: Kept = new Set<string>();

/**
 * The real credentials: copies for one invocation alone, in a directory that only the unit's user may enter (0500, files 0400).
 *
 * `<state>/credentials` is a link to where they are: in memory where the machine has such a file system (/run, /dev/shm, or
 * $XDG_RUNTIME_DIR), so that no secret is written to a disk and none outlives the power; below the state directory, or for
 * root below $TMPDIR, where it has none. Why not the state directory itself: it lies on a disk, and no other user may pass it.
 */
export function createCredentials(options: CredentialsOptions): HostCredentials {
  const link = join(options.stateDir, "credentials");
  let base: string | null = null;

  const sweep = (kept = nobody): void => {
    const left = leftBy(link, PREFIX);
    base = kept.size > 0 ? left : null;
    if (base !== null) {
      for (const invocation of readdirSync(base)) if (!kept.has(invocation)) remove(join(base, invocation));
      return;
    }
    if (left !== null) removeAll(left);
    rmSync(link, { force: true });
  };

  const place = (invocation: string, files: ReadonlyMap<string, Uint8Array>, uid: number | null): string => {
    if (base === null) {
      sweep();
      base = makeBase(options);
      symlinkSync(base, link);
    }
    const path = join(base, invocation);
    try {
      write(path, files, uid);
      return path;
    } catch (error) {
      remove(path);
      throw error;
    }
  };

  return {
    sweep,
    keys: (unit) => (needsKeys(unit) ? options.keys.fetch() : null),
    open(unit, instance, invocation, keys) {
      const read = readAll(unit, { ...options, instance, login: loginOf(unit.service.user) }, keys);
      if (!read.ok) return read;
      if (read.value.size === 0) return ok(null);
      const privileges = privilegesOf(unit.service);
      const who = privileges ? identityOf(privileges) : { ok: true as const, identity: null };
      if (!who.ok) return failed(unit, "service.user", who.refusal.message);
      try {
        return ok(place(invocation, read.value, who.identity?.uid ?? null));
      } catch (error) {
        return failed(unit, "service.load_credential", `no directory for the credentials: ${reasonOf(error)}`);
      }
    },
    close(invocation) {
      if (base !== null) remove(join(base, invocation));
    },
  };
}

type Context = Parameters<typeof credentialSources>[1];

/** All faults at once. A name that stands in the unit file wins over one that comes out of a directory. */
function readAll(unit: Unit, context: Context, keys: KeysRead | null): Outcome<ReadonlyMap<string, Uint8Array>> {
  const sources = credentialSources(unit, context);
  if (!sources.ok) return sources;
  const lost = keys?.ok === false ? `the keys: ${keys.message}; ${keys.fix}` : null;
  const faults = lost === null ? [] : [faultOf(unit, "service.load_credential_encrypted", lost)];
  let files: ReadonlyMap<string, Uint8Array> = new Map();
  for (const source of sources.value) {
    if (source.encrypted && lost !== null) continue;
    const read = readCredential(source, { taken: files, ring: keys?.ok ? keys.ring : null });
    if (read.ok) files = read.files;
    else faults.push(faultOf(unit, source.key, `credential ${source.name}: ${read.message}`));
  }
  const [first, ...rest] = faults;
  return first === undefined ? ok(files) : fail(first, ...rest);
}

/** Others may pass through a directory of root's, whose children run as other users, but not list it. Errors: throws what `node:fs` throws. */
function makeBase({ stateDir, environ }: CredentialsOptions): string {
  const isRoot = process.geteuid?.() === 0;
  const place = memoryPlace(environ) ?? (isRoot ? tmpdir() : stateDir);
  return makeDirectory(place, PREFIX, isRoot ? 0o711 : 0o700);
}

/** Errors: throws what `node:fs` throws. */
function write(path: string, files: ReadonlyMap<string, Uint8Array>, uid: number | null): void {
  mkdirSync(path, { mode: 0o700 });
  for (const [name, content] of files) {
    const file = join(path, name);
    writeFileSync(file, content, { mode: 0o400, flag: "wx" });
    if (uid !== null) chownSync(file, uid, -1);
  }
  chmodSync(path, 0o500);
  if (uid !== null) chownSync(path, uid, -1);
}

/** Everything of a base, then the base: an invocation's directory has to become ours before it can be emptied. */
function removeAll(base: string): void {
  for (const invocation of readdirSync(base)) remove(join(base, invocation));
  remove(base);
}

/** First it becomes ours and closed to everybody else: its user could put links into it while it is emptied. */
function remove(path: string): void {
  if (!existsSync(path)) return;
  try {
    const own = process.geteuid?.() ?? -1;
    if (lstatSync(path).uid !== own) chownSync(path, own, -1);
    chmodSync(path, 0o700);
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It cannot be removed now; the next sweep will try again.
  }
}

function failed(unit: Unit, key: string, message: string): Outcome<never> {
  return fail(faultOf(unit, key, message));
}

function faultOf(unit: Unit, key: string, message: string): Fault {
  return { code: "credential-failed", message, retry: "later", unit: unit.name, at: { file: unit.file, key } };
}
