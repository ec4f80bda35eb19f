import { expect, test } from "bun:test";
import { adopt } from "../../services/kit/adopt.ts";
import { backlogOf, isListening, listeningFds } from "../../services/kit/connections.ts";
import { inodeOf, registrationOf, unwatch } from "../../services/kit/epoll.ts";
import { libc } from "../../services/kit/libc.ts";
import { openShared } from "./fixtures/shared-listener.ts";

const c = libc();
if (!c) throw new Error("libc");

function ownServer() {
  const before = listeningFds(c as NonNullable<typeof c>);
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("adopted") });
  const fd = listeningFds(c as NonNullable<typeof c>).find((each) => !before.includes(each)) ?? -1;
  return { server, fd };
}

test("the native server answers at the inherited address, with the inherited queue", async () => {
  const shared = openShared("v4");
  const { server, fd } = ownServer();
  const wanted = registrationOf(fd);
  const adoption = await adopt(c, shared.fd, fd);
  expect(adoption).toEqual({ ok: true, registration: wanted as NonNullable<typeof wanted> });
  expect(inodeOf(fd)).toBe(inodeOf(shared.fd));
  expect(backlogOf(c, shared.fd)).toBe(shared.backlog);
  expect(await (await fetch(`http://127.0.0.1:${shared.port}/`)).text()).toBe("adopted");
  if (adoption.ok) unwatch(c, fd, adoption.registration);
  await server.stop(true);
  shared.close();
});

test("a listener that no loop watches is not moved", async () => {
  const [shared, unwatched] = [openShared("v4"), openShared("v4")];
  const inode = inodeOf(unwatched.fd);
  expect(await adopt(c, shared.fd, unwatched.fd)).toEqual({
    ok: false,
    reason: "the runtime does not watch its listener through epoll",
  });
  expect(inodeOf(unwatched.fd)).toBe(inode);
  expect(isListening(c, shared.fd)).toBe(true);
  shared.close();
  unwatched.close();
});

test("a descriptor that is not open is refused, and the server keeps its own listener", async () => {
  const { server, fd } = ownServer();
  expect(await adopt(c, 9999, fd)).toEqual({ ok: false, reason: "descriptor 9999 cannot be made non-blocking" });
  expect(await (await fetch(server.url)).text()).toBe("adopted");
  await server.stop(true);
});
