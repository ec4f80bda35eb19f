import { expect, test } from "bun:test";
import { readUnits } from "../../supervisor/unit/set.ts";
import { mutated } from "../support/mutate.ts";
import { unit } from "./sample.ts";

const good = `# a good unit
[unit]
description = "HTTP \\"API\\""
requires = [ # first
  "redis",
]
before = ["log"]

[service]
type = "notify"
script = "services/main.ts"
args = ["run", "api", "%n@%i", "\${PORT:-80}"]
restart = "always"
restart_sec = "100ms"
start_limit_interval_sec = 10
success_exit_status = [0, 143, "USR1"]
environment = { PORT = "8080", "QUOTED" = '''x
y''' }
environment_file = ["-.env"]

[socket.http]
listen_stream = "127.0.0.1:8080"
backlog = 4096
[socket."80"]
listen_stream = 80

[handover]
drain_sec = "1min 30s"
[output]
max_size = "10M"
`;

test("the file that is mutated below is a good one", () => {
  expect(unit("api", good).sockets.map((socket) => socket.name)).toEqual(["http", "80"]);
});

test("2000 mutations of a good file: no exception, and every fault has its file and line", () => {
  const seen = { good: 0, refused: 0 };
  for (let seed = 1; seed <= 2000; seed++) {
    const text = mutated(good, seed);
    const lineCount = text.split("\n").length;
    const read = readUnits([
      { name: "api", file: "units/api.toml", text },
      { name: "redis", file: "units/redis.toml", text: '[service]\nscript = "r.ts"\n' },
    ]);
    seen[read.ok ? "good" : "refused"]++;
    for (const fault of read.ok ? [] : read.faults) {
      const line = fault.at?.line ?? 0;
      const isPlaced = fault.at?.file === "units/api.toml" && line >= 1 && line <= lineCount;
      const isOneLine = fault.message !== "" && !fault.message.includes("\n");
      if (!isPlaced || !isOneLine) throw new Error(`seed ${seed}: ${JSON.stringify(fault)}`);
    }
  }
  expect(seen.good).toBeGreaterThan(50);
  expect(seen.refused).toBeGreaterThan(200);
}, 60_000);
