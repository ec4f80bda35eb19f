import { bytes, cString, errno, libc } from "./libc.ts";

const O_CLOEXEC = 0o2000000;

/** A pipe that a child waits at, as its standard input, until it is told to go on. If we die before that, it ends. */
export type Gate = Readonly<{
  stdin: number;
  open(): void;
  /** Call in any case, after `open` or instead of it. */
  close(): void;
}>;

/** Makes a gate, or gives the errno for which there is none. */
export function createGate(): Gate | number {
  const pair = bytes(8);
  if (libc.pipe2(pair, O_CLOEXEC) < 0) return errno();
  const [stdin = -1, ours = -1] = new Int32Array(pair.buffer);
  return {
    stdin,
    // Our own copy of the other end is still there, so this cannot fail even if the child has died.
    open: () => void libc.write(ours, cString("\n"), 1),
    close: () => {
      libc.close(stdin);
      libc.close(ours);
    },
  };
}
