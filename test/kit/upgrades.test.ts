import { expect, test } from "bun:test";
import { guard } from "../../services/kit/guard.ts";
import { upgrade } from "../../services/kit/web-socket.ts";

const request = new Request("http://test/", { headers: { upgrade: "WebSocket" } });
const plain = new Request("http://test/");
const handlers = { message: () => {} };
const answer = new Response("upgraded");

test("the server makes a WebSocket of it, with what the app wants of it, also when the response was copied", async () => {
  for (const copied of [false, true]) {
    const asked: unknown[] = [];
    const fetch = async () => {
      const response = upgrade(request, handlers);
      return copied ? new Response(response.body, response) : response;
    };
    const edge = {
      upgrade(...all: unknown[]) {
        asked.push(...all);
        return answer;
      },
    };
    expect(await guard({ fetch }, edge).fetch(request, "env")).toBe(answer);
    expect(asked).toEqual([request, "env", handlers]);
  }
});

test("a server that cannot says that it was no handshake; a plain request is told what is here", async () => {
  const refused = await guard({ fetch: () => upgrade(request, handlers) }, { upgrade: () => null }).fetch(
    request,
    null,
  );
  expect(refused.status).toBe(400);
  const { status, headers } = await guard({ fetch: () => upgrade(plain, handlers) }).fetch(plain, null);
  expect([status, headers.get("upgrade")]).toEqual([426, "websocket"]);
});

test("what an app under test intended and no server took up is forgotten in the end", () => {
  const first = upgrade(request, handlers);
  for (let n = 0; n < 1024; n += 1) upgrade(request, handlers);
  const edge = { upgrade: () => answer };
  expect(guard({ fetch: () => first }, edge).fetch(request, null)).toBe(first);
  expect(guard({ fetch: () => upgrade(request, handlers) }, edge).fetch(request, null)).toBe(answer);
});
