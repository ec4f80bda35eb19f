import { describe, expect, test } from "bun:test";
import { createSockets } from "../../supervisor/daemon/sockets.ts";
import { fail, ok } from "../../supervisor/unit/fault.ts";
import type { BindableSocket } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Fakes } from "./fakes.ts";
import { socketOf } from "./socket-of.ts";

const api = makeUnit("api", { file: "units/api.toml", sockets: [socketOf("http"), socketOf("admin")] });
const begin = () => {
  const { listeners, log } = new Fakes();
  return { listeners, log, sockets: createSockets(listeners, (unit) => ok(unit.sockets as readonly BindableSocket[])) };
};

test("a unit's sockets are opened once and given in file order", () => {
  const { sockets, log } = begin();
  expect(sockets.of("api")).toEqual([]);
  sockets.ensure(api);
  const again = sockets.ensure(api);
  expect(again.ok && again.value.map(({ name }) => name)).toEqual(["http", "admin"]);
  expect(log).toEqual(["listen api http", "listen api admin"]);
  expect(sockets.of("api").map(({ address }) => address)).toEqual(["127.0.0.1:8001", "127.0.0.1:8002"]);
});

describe("a socket that cannot be opened", () => {
  test("is a fault with its place, beside every other one", () => {
    const { sockets, listeners } = begin();
    listeners.busy.add("http").add("admin");
    const opened = sockets.ensure(api);
    const at = (name: string) => ({ file: "units/api.toml", key: `socket.${name}.listen_stream` });
    expect(opened.ok ? [] : opened.faults).toMatchObject([
      { code: "listener-busy", unit: "api", at: at("http") },
      { code: "listener-busy", unit: "api", at: at("admin") },
    ]);
  });

  test("is tried again, keeps the ones that are open, and the order stays the file's", () => {
    const { sockets, listeners, log } = begin();
    listeners.busy.add("http");
    sockets.ensure(api);
    listeners.busy.clear();
    const opened = sockets.ensure(api);
    expect(log).toEqual(["listen api admin", "listen api http"]);
    expect(opened.ok && opened.value.map(({ name }) => name)).toEqual(["http", "admin"]);
  });
});

test("a placeholder that is missing opens nothing", () => {
  const { listeners, log } = new Fakes();
  const fault = { code: "placeholder-missing", message: "no $PORT", retry: "never" } as const;
  expect(createSockets(listeners, () => fail(fault)).ensure(api)).toEqual({ ok: false, faults: [fault] });
  expect(log).toEqual([]);
});

test("two units may have sockets of the same name", () => {
  const { sockets, log } = begin();
  sockets.ensure(api);
  sockets.ensure(makeUnit("web", { sockets: [socketOf("http")] }));
  expect(log).toEqual(["listen api http", "listen api admin", "listen web http"]);
  expect(sockets.of("web")).toHaveLength(1);
});

test("the way out closes each of them, once", () => {
  const { sockets, log } = begin();
  sockets.ensure(api);
  log.length = 0;
  sockets.closeAll();
  sockets.closeAll();
  expect(log).toEqual(["close http", "close admin"]);
  expect(sockets.of("api")).toEqual([]);
});
