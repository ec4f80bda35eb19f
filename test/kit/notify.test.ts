import { dlopen } from "bun:ffi";
import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { libc } from "../../services/kit/libc.ts";
import { socketAddress } from "../../services/kit/socket-address.ts";
import { commandOf, type RuntimeName } from "./fixtures/generation.ts";

const { bind, recv } = dlopen("libc.so.6", {
  bind: { args: ["i32", "ptr", "i32"], returns: "i32" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
}).symbols;
const MSG_DONTWAIT = 0x40;
const folder = mkdtempSync(join(tmpdir(), "kit-notify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const script = join(import.meta.dirname, "fixtures/probe.ts");

/** A datagram socket as the supervisor listens on it. `next` gives the next datagram that is already there. */
function openEar(name: string) {
  const c = libc();
  const address = socketAddress(name);
  const fd = c?.socket(1, 2, 0) ?? -1;
  if (!c || !address || bind(fd, address, address.length) !== 0) throw new Error("bind");
  return {
    next(): string | null {
      const bytes = new Uint8Array(8192);
      const length = Number(recv(fd, bytes, 8192n, MSG_DONTWAIT));
      return length < 0 ? null : new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
    },
    close: () => void c.close(fd),
  };
}

function say(runtime: RuntimeName, target: string | undefined, fields: Readonly<Record<string, string>>): boolean {
  const { NOTIFY_SOCKET: _ours, ...clean } = process.env;
  const env = target === undefined ? clean : { ...clean, NOTIFY_SOCKET: target };
  const [program = "", ...args] = [...commandOf(runtime, script), "notify", JSON.stringify(fields)];
  const { stdout, stderr } = spawnSync(program, args, { env, encoding: "utf8", timeout: 20_000 });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

for (const runtime of ["bun", "deno"] as const) {
  describe(`notify on ${runtime}`, () => {
    for (const name of [join(folder, `${runtime}.sock`), `@kit-notify-${process.pid}-${runtime}`]) {
      test(`one message is one datagram, to ${name.startsWith("@") ? "an abstract name" : "a path"}`, () => {
        const ear = openEar(name);
        expect(say(runtime, name, { READY: "1", STATUS: "3 tasks in flight" })).toBe(true);
        expect(ear.next()).toBe("READY=1\nSTATUS=3 tasks in flight");
        expect(ear.next()).toBeNull();
        ear.close();
      });
    }

    test("a line break cannot smuggle in another field", () => {
      const name = `@kit-break-${process.pid}-${runtime}`;
      const ear = openEar(name);
      say(runtime, name, { STATUS: "one\nMAINPID=1\r\ntwo" });
      expect(ear.next()).toBe("STATUS=one MAINPID=1 two");
      ear.close();
    });

    test("what is longer than a message is cut between characters", () => {
      const name = `@kit-long-${process.pid}-${runtime}`;
      const ear = openEar(name);
      say(runtime, name, { STATUS: `x${"€".repeat(3000)}` });
      const message = ear.next() ?? "";
      expect(new TextEncoder().encode(message).length).toBeLessThanOrEqual(4096);
      expect(message).toBe(`STATUS=x${"€".repeat(1362)}`);
      ear.close();
    });

    test("without a supervisor, or with one that is gone, nothing happens", () => {
      expect(say(runtime, undefined, { READY: "1" })).toBe(false);
      expect(say(runtime, join(folder, "nobody.sock"), { READY: "1" })).toBe(false);
      expect(say(runtime, "vsock:2:1234", { READY: "1" })).toBe(false);
    });
  });
}
