import { figure, type Result, range, sum, value, where } from "./results.ts";

/** A row of the table in README.md. `say` gives the words of the second column. */
type Published = Readonly<{ figure: string; bench: string; say: (result: Result) => string }>;

const both = (say: (runtime: "bun" | "deno") => string): string => `Bun ${say("bun")}. Deno ${say("deno")}`;

/** What is told of the results, and in which words. A bench without a result is left out. */
export const figures: readonly Published[] = [
  {
    figure: "failed requests in 1 000 hot restarts on each runtime under 1 000 keep-alive connections",
    bench: "thousand",
    say: ({ rows }) => `**${figure(sum(rows, "failed"))}** of ${figure(sum(rows, "requests"))}`,
  },
  {
    figure:
      "failed requests in reloads under 32 keep-alive or one-request connections, all pairings of daemon and service",
    bench: "reload",
    say: ({ rows }) =>
      `**${figure(sum(rows, "failed"))}** of ${figure(sum(rows, "requests"))} in ${figure(sum(rows, "reloads"))} reloads`,
  },
  {
    figure:
      "failed requests per reload of clients that are idle for up to T before the next one, where the drain waits for idleMs",
    bench: "idle-curve",
    say: ({ rows }) => idleCurve(rows),
  },
  {
    figure: "connections refused or reset while new ones come as fast as they can, 100 handovers on each runtime",
    bench: "newcomers",
    say: ({ rows }) =>
      `**${figure(sum(rows, "refused or reset"))}** of ${figure(sum(rows, "connections"))}, ${range(rows, "connections/s")} a second`,
  },
  {
    figure:
      "failed requests, lost or doubled tasks, wrong lines of output over 1 000 deaths (`kill -9`) and re-execs of the supervisor",
    bench: "torture",
    say: ({ rows }) =>
      [
        `**${figure(sum(rows, "failed"))}** of ${figure(sum(rows, "requests"))}`,
        `**${figure(sum(rows, "tasks lost") + sum(rows, "tasks doubled"))}** of ${figure(sum(rows, "tasks"))}`,
        `**${figure(sum(rows, "lines wrong"))}** of ${figure(sum(rows, "lines"))}`,
      ].join("; "),
  },
  {
    figure:
      "requests that failed, beyond those of killed processes, while 25 kinds of faults come at random; descriptors, processes more",
    bench: "soak",
    say: ({ rows }) =>
      [
        `**${figure(sum(rows, "failed"))}** of ${figure(sum(rows, "requests"))} over ${figure(sum(rows, "faults"))} faults`,
        figure(sum(rows, "descriptors")),
        figure(sum(rows, "processes")),
      ].join("; "),
  },
  {
    figure:
      "after 10 000 handovers: descriptors more, and memory of the supervisor from the second quarter to the last",
    bench: "ten-thousand",
    say: ({ rows }) =>
      both((runtime) => {
        const row = { "service on daemon": `${runtime} on ${runtime}` };
        const of = (column: string) => value(rows, row, column);
        const grown = of("least MB in last quarter") - of("least MB in 2nd quarter");
        return `${figure(of("fds grown"))}; ${figure(Math.round(grown * 10) / 10)} MB`;
      }),
  },
  {
    figure:
      "p99.9 of requests in the second around a handover ÷ in quiet seconds, 1 000 connections: at full speed, and with pauses",
    bench: "tail",
    say: ({ rows }) =>
      both((runtime) => {
        const ratios = where(rows, { "service on daemon": `${runtime} on ${runtime}` }).map(
          (row) => [Number(row["thinks ms"]), Number(row["ratio of p99.9"])] as const,
        );
        return ratios
          .sort(([a], [b]) => a - b)
          .map(([, ratio]) => figure(ratio))
          .join(" and ");
      }),
  },
  {
    figure: "throughput on the handed listener ÷ the runtime's own server, `/` and `/async`",
    bench: "throughput",
    say: ({ rows }) =>
      both((runtime) => ["/", "/async"].map((path) => figure(value(rows, { runtime, path }, "ratio"))).join(" and ")),
  },
  {
    figure: "reload to new generation ready, more than the service's own start",
    bench: "handover",
    say: ({ rows }) =>
      rows.map((row) => `${row["service on daemon"]} ${figure(Number(row["added ms"]))} ms`).join(", "),
  },
  {
    figure: "READY to the verdict; to the last connection that the old generation accepts (p50, without a soak)",
    bench: "overlap",
    say: ({ rows }) => `${range(rows, "READY to verdict p50 ms")} ms; ${range(rows, "READY to last accept p50 ms")} ms`,
  },
  {
    figure: "a bad release is taken back: from the first sign of it until all run the old one, by kind",
    bench: "rollback",
    say: ({ rows }) => {
      const kinds = [...new Set(rows.map((row) => String(row["bad release"])))];
      const back = (kind: string) => range(where(rows, { "bad release": kind }), "sign to all back p50 ms");
      return kinds.map((kind) => `${kind} ${back(kind)} ms`).join(", ");
    },
  },
  {
    figure:
      "tasks a second from `enqueue` to `done`: SQLite in batches; by 16 clients, each on the disk before its answer; in memory",
    bench: "queue",
    say: ({ rows }) =>
      both((runtime) => {
        const of = (store: string) => figure(value(rows, { runtime, store }, "tasks per second"));
        return ["sqlite, in batches", "sqlite, 16 clients", "memory, without a worker"].map(of).join("; ");
      }),
  },
  {
    figure: "tasks a second through Redis ÷ BullMQ on the same server",
    bench: "queue",
    say: ({ rows }) => both((runtime) => `${where(rows, { runtime, store: "redis, in batches" })[0]?.["to BullMQ"]}`),
  },
  {
    figure:
      "what the API still does in time when three times its peak is asked of it: by clients that heed Retry-After; by deaf ones",
    bench: "shedding",
    say: ({ rows }) =>
      both((runtime) => {
        const of = (load: string) => figure(value(rows, { runtime, load }, "share %"));
        return `${of("retry-after")} %; ${of("deaf")} %`;
      }),
  },
  {
    figure: "a killed process is back; one that is killed again at once",
    bench: "respawn",
    say: ({ rows }) =>
      keepers(rows, (row) => `${figure(Number(row["back ms"]))}; ${figure(Number(row["killed again: back ms"]))} ms`),
  },
  {
    figure: "from the command to 10, and to 100 running programs",
    bench: "cold-start",
    say: ({ rows }) =>
      keepers(where(rows, { units: 10 }), (row) => {
        const many = value(rows, { keeper: row.keeper ?? "", units: 100 }, "all there ms");
        return `${figure(Number(row["all there ms"]))}; ${figure(many)} ms`;
      }),
  },
  {
    figure: "idle with 10 units: private memory, CPU, context switches",
    bench: "idle",
    say: ({ rows }) =>
      keepers(where(rows, { units: 10 }), (row) => {
        const megabytes = Math.round(Number(row["RssAnon KiB"]) / 102.4) / 10;
        return `${figure(megabytes)} MB, ${row["CPU ms/s"]} ms/s, ${row["switches/s"]}/s`;
      }),
  },
  {
    figure: "the state of 100 programs, the whole command",
    bench: "ask",
    say: ({ rows }) => keepers(rows, (row) => `${figure(Number(row.ms))} ms`),
  },
  {
    figure: "lines of 100 bytes kept, each its own write; in blocks",
    bench: "log-lines",
    say: ({ rows }) =>
      keepers(where(rows, { printed: "a line a write" }), (row) => {
        const blocks = value(rows, { keeper: row.keeper ?? "", printed: "in blocks" }, "MB/s");
        return `${figure(Number(row["MB/s"]))}; ${figure(blocks)} MB/s`;
      }),
  },
  {
    figure: "`status` of 500 units over the control socket (p50); while 100 of them restart (p50, p99)",
    bench: "scale",
    say: ({ rows }) =>
      both((runtime) => {
        const of = (column: string) => figure(value(rows, { runtime }, column));
        return `${of("status p50 ms")} ms; ${of("restarting p50 ms")}, ${of("restarting p99 ms")} ms`;
      }),
  },
];

/** What holds for those that are waited for long enough, and for the others. G: idleMs, in seconds. */
function idleCurve(rows: Result["rows"]): string {
  const isWaitedFor = (row: Result["rows"][number]): boolean => Number(row["G s"]) >= Number(row["T s"]);
  const enough = rows.filter(isWaitedFor);
  const others = rows.filter((row) => !isWaitedFor(row) && Number(row.failed) > 0);
  return `**${figure(sum(enough, "failed"))}** from idleMs = T on, ${range(others, "failed per handover")} below`;
}

/** Ours, then those that others know best, as far as they were measured in the same run. */
function keepers(rows: readonly Result["rows"][number][], say: (row: Result["rows"][number]) => string): string {
  const shown = [
    "supervisor on bun",
    "supervisor on deno",
    "supervisor, one executable",
    "supervisord",
    "pm2",
    "runit",
    "s6",
  ];
  return shown.flatMap((keeper) => where(rows, { keeper }).map((row) => `${nameOf(keeper)} ${say(row)}`)).join(". ");
}

const names: Readonly<Record<string, string>> = {
  "supervisor on bun": "Bun",
  "supervisor on deno": "Deno",
  "supervisor, one executable": "executable",
};

const nameOf = (keeper: string): string => names[keeper] ?? keeper;
