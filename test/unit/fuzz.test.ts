import { expect, test } from "bun:test";
import { readUnits } from "../../supervisor/unit/set.ts";
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

const pieces = [
  ...[
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    '"""',
    "'''",
    "\\",
    "=",
    ".",
    ",",
    "#",
    "\n",
    "\r\n",
    "\0",
    "é",
    "\u{1F600}",
    "\uD800",
  ],
  ...[
    "-1",
    "1e309",
    "0x",
    "inf",
    "nan",
    "1979-05-27",
    "true",
    "[[socket]]\n",
    "[service]\n",
    "__proto__",
    "constructor",
  ],
  ...["%", "%q", "${", "${X", "toString = 1\n", "a.b.c = {}\n", "restart", "infinity", "[socket.x]\n", "9".repeat(400)],
];

/** Numerical Recipes' generator: integer steps only, so that a seed is the same story on every machine. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

function mutate(text: string, next: (below: number) => number): string {
  const at = next(text.length + 1);
  const length = next(12);
  switch (next(5)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length);
    case 1:
      return text.slice(0, at) + (pieces[next(pieces.length)] ?? "") + text.slice(at);
    case 2:
      return text.slice(0, at) + (pieces[next(pieces.length)] ?? "") + text.slice(at + length);
    case 3: {
      const from = next(text.length + 1);
      return text.slice(0, at) + text.slice(from, from + next(80)) + text.slice(at);
    }
    default:
      return text.slice(0, at) + String.fromCharCode(next(256)) + text.slice(at + 1);
  }
}

test("the file that is mutated below is a good one", () => {
  expect(unit("api", good).sockets.map((socket) => socket.name)).toEqual(["http", "80"]);
});

test("2000 mutations of a good file: no exception, and every fault has its file and line", () => {
  const seen = { good: 0, refused: 0 };
  for (let seed = 1; seed <= 2000; seed++) {
    const next = generator(seed);
    let text = good;
    for (let times = 1 + next(3); times > 0; times--) text = mutate(text, next);
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
