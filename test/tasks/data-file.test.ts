import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDataFile } from "../../services/tasks/data-file.ts";

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

const codeOf = async (name: string) => {
  const opened = await openDataFile(folder, name);
  if (!opened.ok) return opened.error.code;
  await opened.handle.close();
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
  expect(await openDataFile(folder, "no.csv")).toMatchObject({
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
