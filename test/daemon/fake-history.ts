import type { HistoryFiles } from "../../supervisor/daemon/ports.ts";

/** Files that are not there, and a pause that ends when the test says so. */
export class FakeHistoryFiles implements HistoryFiles {
  readonly texts = new Map<string, string>();
  readonly log: string[] = [];
  refusal: string | null = null;
  #write: (() => void) | null = null;

  read = (unit: string) => this.texts.get(unit) ?? "";
  sizeBytes = (unit: string) => this.read(unit).length;
  append = (unit: string, text: string) => this.#put("append", unit, this.read(unit) + text);
  replace = (unit: string, text: string) => this.#put("replace", unit, text);
  soon(write: () => void): void {
    if (this.#write) throw new Error("asked twice");
    this.#write = write;
  }

  pause(): void {
    const write = this.#write;
    this.#write = null;
    write?.();
  }

  #put(how: string, unit: string, text: string): string | null {
    this.log.push(`${how} ${unit}`);
    if (this.refusal === null) this.texts.set(unit, text);
    return this.refusal;
  }
}
