import { expect, test } from "bun:test";
import type { Cause } from "../../supervisor/core/cause.ts";
import { reasonOf } from "../../supervisor/daemon/reason.ts";
import type { Reason } from "../../supervisor/unit/reason.ts";

const code: Cause = { tag: "exited", exit: { by: "code", code: 3 }, clean: false, ready: false };
const signal = (oom?: true): Cause => ({
  tag: "exited",
  exit: { by: "signal", signal: "SIGKILL", core: false, ...(oom && { oom }) },
  clean: false,
  ready: true,
});
const exit: Reason = { tag: "exit", code: 3, ready: false };

const rows: readonly (readonly [Cause, readonly [Reason, ...Reason[]]])[] = [
  [code, [exit]],
  [signal(), [{ tag: "signal", signal: "SIGKILL", core: false, ready: true }]],
  [signal(true), [{ tag: "oom", signal: "SIGKILL" }]],
  [
    { tag: "spawn-failed", stage: "exec", code: "ENOENT", message: "no" },
    [{ tag: "spawn", stage: "exec", code: "ENOENT", message: "no" }],
  ],
  [{ tag: "start-timeout", limitMs: 5 }, [{ tag: "timeout", of: "start", limit_ms: 5 }]],
  [{ tag: "stop-timeout", limitMs: 5 }, [{ tag: "timeout", of: "stop", limit_ms: 5 }]],
  [{ tag: "runtime-max", limitMs: 5 }, [{ tag: "timeout", of: "runtime", limit_ms: 5 }]],
  [{ tag: "late", limitMs: 5 }, [{ tag: "timeout", of: "command", limit_ms: 5 }]],
  [{ tag: "watchdog", limitMs: null }, [{ tag: "watchdog", limit_ms: null }]],
  [
    { tag: "probe", kind: "liveness", failures: 3, detail: "answered 503" },
    [{ tag: "probe", kind: "liveness", failures: 3, detail: "answered 503" }],
  ],
  [{ tag: "stopping" }, [{ tag: "stopping" }]],
  [{ tag: "not-serving", listeners: ["http"] }, [{ tag: "not-serving", listeners: ["http"] }]],
  [{ tag: "stopped" }, [{ tag: "stopped" }]],
  [{ tag: "old-exited", exit: { by: "code", code: 3 } }, [{ tag: "old-generation" }, { ...exit, ready: true }]],
  [
    {
      tag: "start-limit",
      burst: 5,
      intervalMs: 10,
      last: { tag: "command", kind: "start-pre", program: "/bin/x", by: code },
    },
    [{ tag: "start-limit", burst: 5, interval_ms: 10 }, { tag: "command", kind: "start-pre", program: "/bin/x" }, exit],
  ],
];

test.each(rows)("%j becomes a chain", (cause, [first, ...because]) => {
  expect(reasonOf(cause)).toEqual({ ...first, because });
});
