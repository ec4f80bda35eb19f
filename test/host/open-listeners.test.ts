import { expect, test } from "bun:test";
import type { Listener, Listeners } from "../../supervisor/daemon/ports.ts";
import { createOpenListeners } from "../../supervisor/host/open-listeners.ts";
import { fail, ok } from "../../supervisor/unit/fault.ts";
import type { BindableSocket } from "../../supervisor/unit/unit.ts";
import { socketOf } from "../daemon/socket-of.ts";

/** Opens what does not call itself busy, each with an inode of its own. */
function fakeListeners(): Listeners {
  let inode = 100;
  return {
    open: (_unit, { name }) =>
      name === "busy"
        ? fail({ code: "listener-busy", message: "", retry: "later" })
        : ok({ name, fd: inode, address: "127.0.0.1:80", inode: inode++ }),
    assertBacklog: () => undefined,
    mend: () => "whole",
    close: () => undefined,
  };
}

const openOne = (listeners: Listeners, unit: string, name: string): Listener | null => {
  const opened = listeners.open(unit, socketOf(name) as BindableSocket);
  return opened.ok ? opened.value : null;
};

test("what is open is known by its unit and by its inode until it is closed", () => {
  const listeners = createOpenListeners(fakeListeners());
  const http = openOne(listeners, "api", "http");
  openOne(listeners, "api", "admin");
  openOne(listeners, "web", "http");
  expect(openOne(listeners, "web", "busy")).toBeNull();
  expect(listeners.of("api").map(({ name }) => name)).toEqual(["http", "admin"]);
  expect([100, 101, 102, 103].map((inode) => listeners.unitOf(inode))).toEqual(["api", "api", "web", null]);
  listeners.close(http as Listener);
  expect(listeners.of("api").map(({ name }) => name)).toEqual(["admin"]);
  expect(listeners.unitOf(100)).toBeNull();
});
