import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readGiver } from "../../supervisor/control/giver.ts";
import { giverHeader, introduce } from "../../supervisor/control/introduce.ts";
import { createControl } from "../../supervisor/control/routes.ts";
import { FakeDesk } from "./fixtures/fake-desk.ts";
import { fakeOptions } from "./fixtures/serve.ts";

const nobody = { tag: "client", user: null, uid: null, pid: null, command: null } as const;
const said = (value: unknown): string => encodeURIComponent(JSON.stringify(value));

test("who gives an order reaches the desk as he says it", async () => {
  const desk = new FakeDesk();
  const app = createControl(desk, fakeOptions({ closing: AbortSignal.abort() }));
  await app.request("/v1/units/api/stop", { method: "POST", headers: introduce() });
  await app.request("/v1/units/api/stop", { method: "POST" });
  const [first, second] = desk.givers;
  expect(first).toMatchObject({ tag: "client", pid: process.pid, uid: process.getuid?.() ?? null });
  const name = spawnSync("id", ["-un"], { encoding: "utf8" }).stdout.trim();
  expect(first).toHaveProperty("user", name);
  expect(first).toHaveProperty("command", expect.stringMatching(/^supervisor/));
  expect(second).toEqual(nobody);
});

test.each([
  ["not percent-encoded", "%"],
  ["no JSON", "root"],
  ["no object", said([1])],
  ["null", said(null)],
])("a header that is %s says nothing", (_, header) => {
  expect(readGiver(header)).toEqual(nobody);
});

test("what is wrong or too much in it is left out", () => {
  const header = said({ user: "ro\x1b[31mot", uid: -1, pid: "41", command: "x".repeat(5000), more: 1 });
  expect(readGiver(header)).toEqual({ ...nobody, user: "ro [31mot", command: "x".repeat(300) });
  expect(readGiver(said({ user: "root" }))).toEqual({ ...nobody, user: "root" });
});

test("the header is one that HTTP takes, whatever was typed", () => {
  expect(introduce()[giverHeader]).toMatch(/^[\x21-\x7e]+$/);
});
