import { expect, test } from "bun:test";
import { Aside } from "../../supervisor/host/aside.ts";

test("deeds are done one after the other, in the order in which they were asked for", async () => {
  const aside = new Aside();
  const seen: string[] = [];
  const deed = (name: string) => async () => {
    seen.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} ends`);
    return name;
  };
  expect(aside.isIdle).toBe(true);
  const all = Promise.all([aside.run(deed("a")), aside.run(deed("b"))]);
  expect(aside.isIdle).toBe(false);
  expect(await all).toEqual(["a", "b"]);
  expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  expect(aside.isIdle).toBe(true);
});

test("a deed that fails tells whoever asked for it, and holds up nobody", async () => {
  const aside = new Aside();
  const failed = aside.run(() => Promise.reject(new Error("refused")));
  const next = aside.run(() => "done");
  await expect(failed).rejects.toThrow("refused");
  expect(await next).toBe("done");
  expect(aside.isIdle).toBe(true);
});
