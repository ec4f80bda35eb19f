import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHistoryFiles } from "../../supervisor/host/history-files.ts";
import { runDeno } from "../support/run-deno.ts";
import { within } from "../support/within.ts";

async function inFolder(use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "history-"));
  try {
    await use(join(folder, "history"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("what is added is read again, and is for the owner alone", () =>
  inFolder((folder) => {
    const files = createHistoryFiles(folder);
    expect([files.read("api"), files.sizeBytes("api")]).toEqual(["", 0]);
    expect(files.append("api", '{"a":1}\n')).toBeNull();
    expect(files.append("api", '{"ü":2}\n')).toBeNull();
    expect(files.read("api")).toBe('{"a":1}\n{"ü":2}\n');
    expect(files.sizeBytes("api")).toBe(17);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "api.ndjson")).mode & 0o777).toBe(0o600);
    expect(files.replace("api", "x\n")).toBeNull();
    expect(readFileSync(join(folder, "api.ndjson"), "utf8")).toBe("x\n");
  }));

test("a line that a crash cut short does not spoil the next one", () =>
  inFolder((folder) => {
    mkdirSync(folder);
    writeFileSync(join(folder, "api.ndjson"), '{"a":1}\n{"b"');
    const files = createHistoryFiles(folder);
    files.append("api", '{"c":3}\n');
    expect(files.read("api")).toBe('{"a":1}\n{"b"\n{"c":3}\n');
  }));

test("a place that cannot be written is told in a sentence", () =>
  inFolder((folder) => {
    writeFileSync(folder, "a file");
    const files = createHistoryFiles(folder);
    expect(files.append("api", "x\n")).toStartWith("history: ");
    expect(files.replace("api", "x\n")).toStartWith("history: ");
    expect([files.read("api"), files.sizeBytes("api")]).toEqual(["", 0]);
  }));

test("the pause calls once", () =>
  inFolder(async (folder) => {
    const called = new Promise<void>((resolve) => createHistoryFiles(folder).soon(resolve));
    // The pause holds no program up, so that this one has to stay by itself.
    const stay = setTimeout(() => {}, 5_000);
    await within(called, 5_000, "the pause is over");
    clearTimeout(stay);
  }));

test("the same on Deno", () =>
  inFolder((folder) => {
    const script = join(import.meta.dirname, "fixtures/history-files.ts");
    expect(JSON.parse(runDeno(script, [folder]))).toEqual({
      texts: ["", "one\ntwo\n", "three\n"],
      refused: true,
      paused: true,
    });
  }));
