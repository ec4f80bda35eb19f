type Texts = ReadonlyMap<string, string>;

/** Which files differ from what was loaded from them. Nothing is looked at but when somebody says that something has changed. */
export interface Changes {
  /** Compares with what is on disk now. True: something differs. */
  look(texts: Texts): boolean;
  /** From now on these are the texts that are loaded. */
  loaded(texts: Texts): void;
  /** Whether a file differs, or is gone. */
  has(file: string): boolean;
  /** Whether any file does, one that is new included. */
  readonly any: boolean;
}

export function createChanges(loaded: Texts): Changes {
  let now = loaded;
  let files: ReadonlySet<string> = new Set();
  return {
    look(texts) {
      files = new Set(
        [...new Set([...now.keys(), ...texts.keys()])].filter((file) => now.get(file) !== texts.get(file)),
      );
      return files.size > 0;
    },
    loaded(texts) {
      now = texts;
      files = new Set();
    },
    has: (file) => files.has(file),
    get any() {
      return files.size > 0;
    },
  };
}
