import type { CommandContext } from "../../unit/command.ts";
import { type KeySource, type KeysRead, keySource } from "../../unit/credential.ts";
import { runKeyCommand } from "./key-command.ts";
import { readKeyFile } from "./key-file.ts";

export type KeysOptions = Readonly<Pick<CommandContext, "root" | "stateDir" | "environ"> & { showErrors: boolean }>;

/** Fetches the keys of encrypted credentials whenever they are needed. None is kept: a memory that has none cannot tell it. */
export interface Keys {
  readonly source: KeySource;
  /** Says which command prints the keys from now on; null: they are in a file. */
  use(command: readonly string[] | null): void;
  /** A promise where a command has them: it never rejects, and whoever asks meanwhile gets the same one. */
  fetch(): KeysRead | Promise<KeysRead>;
  /** Ends a command that still runs. */
  close(): void;
}

export function createKeys(options: KeysOptions, command: readonly string[] | null = null): Keys {
  return new FetchedKeys(options, command);
}

class FetchedKeys implements Keys {
  readonly #options: KeysOptions;
  readonly #closing = new AbortController();
  #source: KeySource;
  #underWay: Promise<KeysRead> | null = null;

  constructor(options: KeysOptions, command: readonly string[] | null) {
    this.#options = options;
    this.#source = keySource(command, options);
  }

  get source(): KeySource {
    return this.#source;
  }

  use(command: readonly string[] | null): void {
    this.#source = keySource(command, this.#options);
    // Whoever asks from now on means the new one.
    this.#underWay = null;
  }

  fetch(): KeysRead | Promise<KeysRead> {
    const source = this.#source;
    if (source.tag === "file") return readKeyFile(source.path);
    return this.#underWay ?? this.#run(source.argv);
  }

  close(): void {
    this.#closing.abort();
  }

  #run(argv: Extract<KeySource, { tag: "command" }>["argv"]): Promise<KeysRead> {
    const { root, environ, showErrors } = this.#options;
    const order = { argv, root, environ, showErrors, signal: this.#closing.signal };
    const underWay = runKeyCommand(order).then((read) => {
      if (this.#underWay === underWay) this.#underWay = null;
      return read;
    });
    this.#underWay = underWay;
    return underWay;
  }
}
