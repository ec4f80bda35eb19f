import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Disk, openDataFile } from "../../services/tasks/data-file.ts";
import { within } from "../support/within.ts";

let base: string;
let folder: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "data-"));
  folder = join(base, "data");
  mkdirSync(join(folder, "sub"), { recursive: true });
  mkdirSync(join(base, "data-too"));
  for (const name of ["secret.csv", "data-too/x.csv", "data/sub/in.csv"]) writeFileSync(join(base, name), "k,v\n");
  symlinkSync("../secret.csv", join(folder, "out.csv"));
  symlinkSync("..", join(folder, "up"));
  symlinkSync("sub/in.csv", join(folder, "inside.csv"));
  execFileSync("mkfifo", [join(folder, "pipe.csv")]);
});
afterAll(() => rmSync(base, { recursive: true }));

const { signal } = new AbortController();
const openIt = (name: string) => openDataFile({ folder, signal }, name);

const codeOf = async (name: string) => {
  const opened = await openIt(name);
  if (!opened.ok) return opened.error.code;
  await opened.file.close();
  return "opened";
};

test.each(["sub/in.csv", "./sub/in.csv", "inside.csv"])("%s lies in the folder and is opened", async (name) => {
  expect(await codeOf(name)).toBe("opened");
});

test.each([
  "../secret.csv",
  "sub/../../secret.csv",
  "../data-too/x.csv",
  "out.csv",
  "up/secret.csv",
  "up/data-too/x.csv",
  "/etc/passwd",
  "a\0.csv",
])("%j leads out of the folder and is refused", async (name) => {
  expect(await codeOf(name)).toBe("file-outside");
});

test("a missing file may come yet: it is worth a retry", async () => {
  expect(await openIt("no.csv")).toMatchObject({
    ok: false,
    error: { code: "file-missing" },
    retry: true,
  });
});

test.each(["sub", "pipe.csv", "sub/in.csv/deeper.csv"])(
  "%s is no regular file: refused, without waiting",
  async (name) => {
    expect(await codeOf(name)).toBe("file-unreadable");
  },
);

/** What of the file system may hang, by the name of the call. */
type Call = "folder" | "file" | "open" | "stat" | "read" | "close";

/** A file system that hangs at one call until `go`. `hangs`, `closed`: resolve when that call, and when the close, has come. */
function hangingAt(call: Call) {
  const [hangs, going, closed] = [gate(), gate(), gate()];
  const at = async <T>(name: Call, doIt: () => Promise<T>): Promise<T> => {
    if (name === call) hangs.open();
    if (name === call) await going.opened;
    return doIt();
  };
  const held = (handle: FileHandle) => ({
    stat: () => at("stat", () => handle.stat()),
    read: (bytes: Uint8Array, from: number, length: number) => at("read", () => handle.read(bytes, from, length)),
    close: () => at("close", () => handle.close()).then(closed.open),
  });
  const disk = {
    realpath: (path: string) => at(path === folder ? "folder" : "file", () => realpath(path)),
    open: (path: string, flags: number) => at("open", async () => held(await open(path, flags))),
  } as unknown as Disk;
  return { disk, hangs: hangs.opened, go: going.open, closed: closed.opened };
}

/** A promise with its keys outside. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Does with a file all that a handler does. */
async function useFile(disk: Disk, stop: AbortSignal): Promise<void> {
  const opened = await openDataFile({ folder, signal: stop }, "sub/in.csv", disk);
  if (!opened.ok) throw new Error(opened.error.message);
  try {
    await opened.file.read(new Uint8Array(10));
  } finally {
    await opened.file.close();
  }
}

test.each(["folder", "file", "open", "stat", "read", "close"] as const)(
  "a file system that hangs is left at the signal, and what was opened is closed when it goes on: %s",
  async (call) => {
    const { disk, hangs, go, closed } = hangingAt(call);
    const stop = new AbortController();
    const using = useFile(disk, stop.signal).catch((reason: unknown) => reason);
    await within(Promise.race([hangs, using]), 5_000, "it hangs");
    stop.abort("time-limit");
    expect(await within(using, 5_000, "it is left")).toBe("time-limit");
    go();
    if (call !== "folder" && call !== "file") await within(closed, 5_000, "it is closed");
  },
);
