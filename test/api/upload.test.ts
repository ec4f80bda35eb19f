import { expect, test } from "bun:test";
import { api } from "./api.ts";

test("an upload that does not end is answered 408, and its connection is not used again", async () => {
  const { app } = api({ timeLimitMs: 20 });
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{"type":')) });
  const answer = await app.request("/tasks", { method: "POST", body });
  expect([answer.status, answer.headers.get("connection")]).toEqual([408, "close"]);
  expect(await answer.json()).toMatchObject({ code: "upload-timed-out", title: "Request Timeout" });
});

test("a client that leaves in the middle of its upload is no fault of ours", async () => {
  const { app, reported } = api();
  const body = () =>
    new ReadableStream({ pull: (controller) => controller.error(new Error("The connection was closed.")) });
  for (const headers of [{}, { "content-length": "100" }]) {
    const answer = await app.request("/tasks", { method: "POST", body: body(), headers });
    expect(await answer.json()).toMatchObject({
      status: 400,
      errors: [{ field: "body", message: "did not come whole" }],
    });
  }
  expect(reported).toEqual([]);
});
