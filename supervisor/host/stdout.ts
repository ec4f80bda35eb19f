/** Most that may wait for a slow reader of stdout. Units: bytes. */
const mostHeldBytes = 1024 * 1024;

/** stdout for a program that must not wait for whoever reads it. */
export interface Out {
  /** Writes, or drops when the reader is too far behind or gone; says afterwards how much was dropped. */
  write(line: string): void;
  /** Resolves when all is written, or when it cannot be within a second. */
  drained(): Promise<void>;
}

export function writeOut(): Out {
  const { stdout } = process;
  let dropped = 0;
  let isGone = false;
  stdout.on("error", () => {
    isGone = true;
  });
  return {
    write(line) {
      if (isGone || stdout.writableLength > mostHeldBytes) {
        dropped++;
        return;
      }
      if (dropped > 0) stdout.write(`-- supervisor: ${dropped} lines of the journal lost: nobody read them --\n`);
      dropped = 0;
      stdout.write(line);
    },
    drained() {
      return new Promise((resolve) => {
        const giveUp = setTimeout(resolve, 1000);
        if (isGone) return resolve();
        stdout.write("", () => {
          clearTimeout(giveUp);
          resolve();
        });
      });
    },
  };
}
