import { bytes, cString, cVector, errno, libc } from "./libc.ts";

const F_DUPFD_CLOEXEC = 1030;
const RLIMIT_NOFILE = 7;
/** For whoever holds thousands of connections; eight bytes each. */
const MOST_PREPARED = 4096;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;

/** One start, with every decision taken. */
export type Launch = Readonly<{
  /** An absolute path. */
  program: string;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Null: /dev/null. */
  stdin: number | null;
  stdout: number;
  stderr: number;
  /** They become 3, 4, … */
  listeners: readonly number[];
}>;

export type Launched = Readonly<{ ok: true; pid: number } | { ok: false; errno: number }>;

/**
 * Starts a process with exactly the descriptors given, in a session of its own, every signal default and unblocked.
 * Errors: the errno of whatever step failed in the child, the exec included.
 * Source: posix_spawn(3).
 */
export function launch(order: Launch): Launched {
  const first = 3 + order.listeners.length;
  const stdin = order.stdin === null ? [] : [order.stdin];
  const sources = liftAbove(first, [...stdin, order.stdout, order.stderr, ...order.listeners]);
  if (!sources.ok) return sources;
  const actions = fileActions(order.cwd, sources.fds, first);
  const attributes = cleanAttributes();
  const pid = bytes(4);
  const env = Object.entries(order.env).map(([name, value]) => `${name}=${value}`);
  const failed = libc.posix_spawn(pid, cString(order.program), actions, attributes, cVector(order.argv), cVector(env));
  libc.posix_spawn_file_actions_destroy(actions);
  libc.posix_spawnattr_destroy(attributes);
  for (const fd of sources.lifted) libc.close(fd);
  return failed === 0 ? { ok: true, pid: new DataView(pid.buffer).getInt32(0, true) } : { ok: false, errno: failed };
}

type Sources = Readonly<{ ok: true; fds: readonly number[]; lifted: readonly number[] } | { ok: false; errno: number }>;

/**
 * Duplicates whatever stands at a number that the child needs for something else.
 * Why: `dup2(4, 3); dup2(3, 4)` would lose one of the two, and `dup2(3, 3)` would leave close-on-exec set.
 */
function liftAbove(first: number, fds: readonly number[]): Sources {
  const lifted: number[] = [];
  const sources: number[] = [];
  for (const fd of fds) {
    if (fd >= first) {
      sources.push(fd);
      continue;
    }
    const copy = libc.fcntl(fd, F_DUPFD_CLOEXEC, first);
    if (copy < 0) {
      const code = errno();
      for (const each of lifted) libc.close(each);
      return { ok: false, errno: code };
    }
    lifted.push(copy);
    sources.push(copy);
  }
  return { ok: true, fds: sources, lifted };
}

/** The sources become the descriptors right below `end`; when that leaves 0 out, it is /dev/null. */
function fileActions(cwd: string, sources: readonly number[], end: number): Uint8Array {
  const actions = bytes(128);
  libc.posix_spawn_file_actions_init(actions);
  libc.posix_spawn_file_actions_addopen(actions, 0, cString("/dev/null"), 0, 0);
  libc.posix_spawn_file_actions_adddup2(actions, 0, tableSize() - 1);
  const begin = end - sources.length;
  for (const [index, fd] of sources.entries()) libc.posix_spawn_file_actions_adddup2(actions, fd, begin + index);
  libc.posix_spawn_file_actions_addclosefrom_np(actions, end);
  libc.posix_spawn_file_actions_addchdir_np(actions, cString(cwd));
  return actions;
}

function cleanAttributes(): Uint8Array {
  const attributes = bytes(512);
  libc.posix_spawnattr_init(attributes);
  // Filled by hand: sigfillset leaves out 32 and 33, which glibc keeps for itself and then leaves ignored in the child.
  libc.posix_spawnattr_setsigdefault(attributes, bytes(128).fill(0xff));
  libc.posix_spawnattr_setsigmask(attributes, bytes(128));
  libc.posix_spawnattr_setflags(attributes, SETSIGDEF | SETSIGMASK | SETSID);
  return attributes;
}

/**
 * The table of a child's descriptors grows to this size before its program runs, up to the limit that it has anyway.
 * Why: each time that a process with threads outgrows its table, the kernel makes it wait for 10 to 25 ms. A new generation,
 * to which all clients come at once, would stand still five times on its way to a thousand connections.
 * Source: expand_fdtable in the kernel's fs/file.c.
 */
function tableSize(): number {
  size ??= tableSizeNow();
  return size;
}

let size: number | null = null;

function tableSizeNow(): number {
  const limits = bytes(16);
  libc.prlimit(0, RLIMIT_NOFILE, null, limits);
  return Math.min(MOST_PREPARED, Number(new DataView(limits.buffer).getBigUint64(0, true)));
}
