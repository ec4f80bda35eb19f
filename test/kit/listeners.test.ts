import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { commandOf, type RuntimeName } from "./fixtures/generation.ts";
import { openShared } from "./fixtures/shared-listener.ts";

const listener = openShared("v4");
afterAll(() => listener.close());
const script = join(import.meta.dirname, "fixtures/probe.ts");

/** Starts the probe with variables as a supervisor would set them; `$$` is the probe's own pid. */
function probe(runtime: RuntimeName, variables: string, fds: readonly number[] = [listener.fd, listener.fd]) {
  const shim = `${variables} exec "$0" "$@"`;
  const { stdout, stderr } = spawnSync("/bin/sh", ["-c", shim, ...commandOf(runtime, script), "listeners"], {
    stdio: ["ignore", "pipe", "pipe", ...fds],
    encoding: "utf8",
    timeout: 20_000,
  });
  return JSON.parse(stdout || JSON.stringify({ error: stderr }));
}

for (const runtime of ["bun", "deno"] as const) {
  describe(`inherited listeners on ${runtime}`, () => {
    test("they come by name and in order, close on exec, and their variables are taken away", () => {
      expect(probe(runtime, "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=http:admin LISTEN_PIDFDID=7")).toEqual({
        list: [
          { name: "http", fd: 3, closesOnExec: true },
          { name: "admin", fd: 4, closesOnExec: true },
        ],
        left: [],
      });
    });

    test("those of another process are not ours, and a child of ours will not take them either", () => {
      expect(probe(runtime, "LISTEN_PID=1 LISTEN_FDS=2 LISTEN_FDNAMES=http:admin")).toEqual({ list: [], left: [] });
    });

    test("without names they are called unknown, and the first is kept", () => {
      expect(probe(runtime, "LISTEN_PID=$$ LISTEN_FDS=2").list).toEqual([
        { name: "unknown", fd: 3, closesOnExec: true },
      ]);
    });

    test("variables that contradict each other are an error that says how", () => {
      for (const [variables, message] of [
        ["LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=http", "LISTEN_FDNAMES names 1 listeners, LISTEN_FDS says 2"],
        ["LISTEN_PID=$$ LISTEN_FDS=two", "LISTEN_FDS must be a number from 1 to 9999, got 'two'"],
        ["LISTEN_PID=$$ LISTEN_FDS=0", "LISTEN_FDS must be a number from 1 to 9999, got '0'"],
      ] as const) {
        expect(probe(runtime, variables)).toEqual({ error: message, left: [] });
      }
    });

    test("a descriptor that was never passed is an error that names it", () => {
      const { error } = probe(runtime, "LISTEN_PID=$$ LISTEN_FDS=97", [listener.fd]);
      expect(error ?? "").toMatch(/^listener 'unknown' should be descriptor \d+, which is not open$/);
    });
  });
}
