import { expect, test } from "bun:test";
import { adopt } from "../../services/kit/adopt.ts";
import { backlogOf, isListening, listeningFds } from "../../services/kit/connections.ts";
import { inodeOf, oddityOf, registrationsOf, unwatch } from "../../services/kit/epoll.ts";
import { type Libc, libc } from "../../services/kit/libc.ts";
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
  const [wanted] = registrationsOf(fd);
  const adoption = await adopt(c, shared.fd, fd);
  expect(adoption).toEqual({ ok: true, registration: wanted as NonNullable<typeof wanted> });
  expect(inodeOf(fd)).toBe(inodeOf(shared.fd));
  expect(backlogOf(c, shared.fd)).toBe(shared.backlog);
  expect(await (await fetch(`http://127.0.0.1:${shared.port}/`)).text()).toBe("adopted");
  if (adoption.ok) unwatch(c, fd, adoption.registration);
  await server.stop(true);
  shared.close();
});

/** Adopts with one call of libc replaced, and gives why it was refused; the inherited listener must be as it was. */
async function refusalWith(broken: Partial<Libc>): Promise<string | null> {
  const shared = openShared("v4");
  const { server, fd } = ownServer();
  const adoption = await adopt({ ...c, ...broken } as Libc, shared.fd, fd);
  await server.stop(true);
  expect(isListening(c as Libc, shared.fd)).toBe(true);
  expect(backlogOf(c as Libc, shared.fd)).toBe(shared.backlog);
  shared.close();
  return adoption.ok ? null : adoption.reason;
}

test("C14: a registration that comes out otherwise than it was put in is not believed", async () => {
  const lost = "the runtime's loop did not take the inherited listener";
  const { epoll_ctl } = c;
  expect(await refusalWith({ epoll_ctl: () => -1 })).toBe(lost);
  expect(await refusalWith({ epoll_ctl: () => 0 })).toBe(lost);
  const garbles = (epollFd: number, operation: number, fd: number, event: Uint8Array<ArrayBuffer>) =>
    epoll_ctl(
      epollFd,
      operation,
      fd,
      event.map((byte, at) => (at === 7 ? byte ^ 0xff : byte)),
    );
  expect(await refusalWith({ epoll_ctl: garbles })).toBe(lost);
  expect(await refusalWith({ dup3: () => -1 })).toMatch(/cannot take the place/);
  // It says that it was done, and the number still is the runtime's own socket.
  expect(await refusalWith({ dup3: () => 0 })).toBe(lost);
});

test("C14: registrations of a kind that is not known are refused, each with its reason", () => {
  const usual = { epollFd: 5, events: 0x19, data: 0x7fn };
  expect(oddityOf([usual], "x64")).toBeNull();
  expect(oddityOf([usual, { ...usual, epollFd: 6 }], "arm64")).toBeNull();
  expect(oddityOf([], "x64")).toBe("the runtime does not watch its listener through epoll");
  expect(oddityOf([usual], "s390x")).toBe("the layout of an epoll event on s390x is unknown");
  expect(oddityOf([usual, { ...usual, epollFd: 6, data: 1n }], "x64")).toBe(
    "more than one loop watches the runtime's listener",
  );
  for (const events of [0x18, 0x19 | (1 << 28), 0x19 | (1 << 30)]) {
    expect(oddityOf([{ ...usual, events }], "x64")).toBe(
      `the runtime watches its listener in an unknown way (events ${events.toString(16)})`,
    );
  }
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
