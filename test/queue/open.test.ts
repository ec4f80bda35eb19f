import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openQueue } from "../../services/queue/open.ts";

setDefaultTimeout(30_000);

test.each([
  ["redis://", "a redis URL is redis://"],
  ["redis://:secret@127.0.0.1:1/0", "redis://127.0.0.1:1/0: connect ECONNREFUSED"],
  ["rediss://u:secret@127.0.0.1:1", "rediss://127.0.0.1:1: connect ECONNREFUSED"],
  ["redis://:secret@h/zero", "the path of a redis URL is the number of a database"],
  ["redis://:secret@h/0?queue=a%20b", "?queue= is a name"],
  ["redis://:secret@h/0?family=6", "a redis URL has no ?family="],
  ["postgres://user:secret@host/db", "got postgres:…"],
  ["", 'got ""'],
  ["sqlite:", "needs the path of a file"],
  ["sqlite::memory:", "needs the path of a file"],
])("%s is refused in words, without its password", async (url, words) => {
  const opened = await openQueue(url);
  expect(opened).toMatchObject({ ok: false, message: expect.stringContaining(words) });
  expect(JSON.stringify(opened)).not.toContain("secret");
});

test("the folder of the file is made, and what was enqueued is there after opening it again", async () => {
  await inFolder(async (folder) => {
    const url = `sqlite:${folder}/a/b/q.db`;
    const first = await openQueue(url);
    if (!first.ok) throw new Error(first.message);
    const { task } = await first.queue.enqueue({ type: "t", payload: [1] });
    await first.queue.close();
    const second = await openQueue(url);
    if (!second.ok) throw new Error(second.message);
    expect((await second.queue.get(task.id))?.payload).toEqual([1]);
    expect(second.queue.url).toBe(url);
    await second.queue.close();
    await second.queue.close();
  });
});

test("a file that is no database, or of a newer version, is refused and left alone", async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder, "text.db"), "no database at all, but long enough to look like one\n".repeat(100));
    expect(await openQueue(`sqlite:${folder}/text.db`)).toMatchObject({
      ok: false,
      message: expect.stringContaining("not a database"),
    });
    const newer = new DatabaseSync(join(folder, "newer.db"));
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    expect(await openQueue(`sqlite:${folder}/newer.db`)).toMatchObject({
      ok: false,
      message: expect.stringContaining("newer version"),
    });
    expect(await openQueue(`sqlite:${folder}`)).toMatchObject({ ok: false });
  });
});

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "queue-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
