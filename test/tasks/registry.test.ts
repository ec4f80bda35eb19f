import { expect, test } from "bun:test";
import { join } from "node:path";
import { runScript, runtimes } from "../services/program.ts";

test.each(runtimes)(
  "the bundled tasks do the same on %s",
  async (runtime) => {
    const script = join(import.meta.dir, "fixtures/both.ts");
    const { stdout, stderr } = await runScript({ runtime, script: [script] });
    expect(stderr).toBe("");
    const { sums, posts, keys } = JSON.parse(stdout);
    expect(sums).toMatchObject([
      { ok: true, result: { groups: { a: 3 }, rows: 2 } },
      { ok: true, result: { groups: { "a\nb": 2 }, rows: 1 } },
      { ok: false, error: { code: "file-outside" }, retry: false },
      { ok: false, error: { code: "file-missing" }, retry: true },
    ]);
    expect(posts).toMatchObject([
      { ok: true, result: { status: 204 } },
      { ok: false, retry: true },
      { ok: false, retry: false },
      { ok: false, retry: false },
      { ok: false, error: { code: "timed-out" }, retry: true },
    ]);
    expect(keys).toEqual(Array.from({ length: 5 }, () => "019aa3f0-6c1e-7000-8b7c-2f5d0f5f8e21"));
  },
  60_000,
);
