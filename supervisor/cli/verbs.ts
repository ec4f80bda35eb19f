import type { Run } from "./context.ts";

/** `value` names what the flag takes, and is absent when it takes nothing. */
export type Flag = Readonly<{ name: string; short?: string; value?: string; summary: string }>;

export type Verb = Readonly<{
  name: string;
  /** Shape: `[UNIT…]`, for the help. */
  operands: string;
  /** How many operands it takes. */
  least: number;
  most: number;
  flags: readonly Flag[];
  summary: string;
  /** For scripts of our own: neither the help nor a suggestion names it. */
  isHidden?: boolean;
  /** Each verb is a module of its own, so that none pays for another's packages. */
  load(): Promise<{ run: Run }>;
}>;

export const globalFlags: readonly Flag[] = [
  { name: "root", value: "DIR", summary: "where units/ and config/ are (default: the working directory)" },
  { name: "state", value: "DIR", summary: "where the socket and the logs are (default: ROOT/.supervisor)" },
  { name: "json", summary: "data as JSON" },
  { name: "quiet", short: "q", summary: "no line for what went well" },
  { name: "verbose", short: "v", summary: "more detail" },
  { name: "no-color", summary: "plain text; NO_COLOR says the same" },
  { name: "timeout", value: "SPAN", summary: "how long to wait, such as 30s or '1min 30s'" },
  { name: "help", short: "h", summary: "this help, or a verb's" },
  { name: "version", summary: "the version" },
];

const noBlock: Flag = { name: "no-block", summary: "do not wait until it is done" };
const several = { least: 0, most: Infinity, operands: "[UNIT…]" };
const atLeastOne = { least: 1, most: Infinity, operands: "UNIT…" };

/** Every verb, in the order of the help. */
export const verbs: readonly Verb[] = [
  {
    name: "start",
    ...several,
    flags: [
      {
        name: "detach",
        short: "d",
        summary: "run the daemon in the background; wait until every enabled unit settled",
      },
      { name: "listen", value: "HOST:PORT", summary: "serve the control API on TCP too" },
      { name: "exit-with", value: "UNIT", summary: "end with this unit, and with its exit code" },
      {
        name: "on-crash",
        value: "keep|stop",
        summary: "whether services outlive a supervisor that is killed (default: keep)",
      },
      { name: "reexec-check", summary: "only look whether this program could take the place of the running one" },
      noBlock,
    ],
    summary: "run the supervisor; with UNITs: start them in the running one",
    load: () => import("./start.ts"),
  },
  {
    name: "stop",
    ...several,
    flags: [{ name: "cascade", summary: "stop also the units that require these" }, noBlock],
    summary: "stop units; without UNIT: stop everything, then the supervisor",
    load: () => import("./stop.ts"),
  },
  {
    name: "restart",
    ...atLeastOne,
    flags: [noBlock],
    summary: "stop, then start: with downtime",
    load: () => import("./restart.ts"),
  },
  {
    name: "reload",
    ...several,
    flags: [noBlock],
    summary: "hand over to a new generation, without downtime; without UNIT: every unit that can",
    load: () => import("./reload.ts"),
  },
  {
    name: "scale",
    least: 2,
    most: 2,
    operands: "UNIT N|+N|-N",
    flags: [noBlock],
    summary: "change the number of instances of a unit that runs",
    load: () => import("./scale.ts"),
  },
  {
    name: "status",
    ...several,
    flags: [
      { name: "lines", short: "n", value: "N", summary: "how many lines of output to show (default: 10)" },
      { name: "watch", short: "w", summary: "draw it anew each second, until Ctrl-C" },
    ],
    summary: "what runs, and how",
    load: () => import("./status.ts"),
  },
  {
    name: "show",
    ...atLeastOne,
    flags: [
      { name: "property", short: "p", value: "NAME", summary: "only this one; several with commas between" },
      { name: "value", summary: "the values without their names" },
    ],
    summary: "every property of units, for scripts",
    load: () => import("./show.ts"),
  },
  {
    name: "why",
    ...atLeastOne,
    flags: [{ name: "lines", short: "n", value: "N", summary: "how many of the last entries (default: 20)" }],
    summary: "what happened to units, newest first, and why",
    load: () => import("./why.ts"),
  },
  {
    name: "wait",
    ...atLeastOne,
    flags: [{ name: "for", value: "ready|active|stopped", summary: "what to wait for (default: ready)" }],
    summary: "wait until units are ready, active or stopped; --timeout limits it",
    load: () => import("./wait.ts"),
  },
  {
    name: "logs",
    ...several,
    flags: [
      { name: "follow", short: "f", summary: "go on with what is printed from now on" },
      { name: "lines", short: "n", value: "N", summary: "how many of the last lines that match (default: 10, or all)" },
      { name: "since", value: "TIME", summary: "only what is as new, such as '10min ago', '2026-11-21 10:00'" },
      { name: "until", value: "TIME", summary: "only what is as old" },
      { name: "grep", value: "PATTERN", summary: "only lines that this regular expression meets" },
      { name: "stream", value: "stdout|stderr", summary: "only what was printed there" },
      { name: "output", short: "o", value: "short|json|raw", summary: "how to print it (default: raw)" },
    ],
    summary: "what units printed, merged by time",
    load: () => import("./logs.ts"),
  },
  {
    name: "events",
    least: 0,
    most: 0,
    operands: "",
    flags: [
      { name: "follow", short: "f", summary: "go on with what happens from now on" },
      { name: "after", value: "SEQ", summary: "only what came after this one" },
    ],
    summary: "what happened to the units",
    load: () => import("./events.ts"),
  },
  {
    name: "top",
    ...several,
    flags: [{ name: "sort", value: "cpu|memory|name", summary: "what comes first (default: cpu)" }],
    summary: "what units take, live on the whole screen",
    load: () => import("./top.ts"),
  },
  {
    name: "is-active",
    ...atLeastOne,
    flags: [],
    summary: "exit 0 when one of the units is active",
    load: () => import("./is-active.ts"),
  },
  {
    name: "is-failed",
    ...atLeastOne,
    flags: [],
    summary: "exit 0 when one of the units failed",
    load: () => import("./is-failed.ts"),
  },
  {
    name: "reset-failed",
    ...several,
    flags: [],
    summary: "forget failures and start limits",
    load: () => import("./reset-failed.ts"),
  },
  {
    name: "signal",
    least: 2,
    most: Infinity,
    operands: "SIGNAL UNIT…",
    flags: [],
    summary: "send a signal to units",
    load: () => import("./signal.ts"),
  },
  {
    name: "config",
    least: 1,
    most: 1,
    operands: "show|diff|reload",
    flags: [noBlock],
    summary: "the settings and where each comes from; what a reload of the files would do; that reload",
    load: () => import("./config.ts"),
  },
  {
    name: "daemon-reload",
    least: 0,
    most: 0,
    operands: "",
    flags: [noBlock],
    summary: "as config reload: take what the unit files and config/ say now",
    load: () => import("./daemon-reload.ts"),
  },
  {
    name: "daemon-reexec",
    least: 0,
    most: 0,
    operands: "",
    flags: [],
    summary: "replace the supervisor's own program by the one that is installed now; no service notices",
    load: () => import("./daemon-reexec.ts"),
  },
  {
    name: "check",
    least: 0,
    most: Infinity,
    operands: "[PATH…]",
    flags: [],
    summary: "find every fault in the unit files and in config/ without running them",
    load: () => import("./check.ts"),
  },
  {
    name: "graph",
    ...several,
    flags: [{ name: "format", value: "ascii|mermaid|dot", summary: "how to draw it (default: ascii)" }],
    summary: "who needs whom, by the unit files on disk",
    load: () => import("./graph.ts"),
  },
  {
    name: "doctor",
    least: 0,
    most: 0,
    operands: "",
    flags: [],
    summary: "find what is in the way of running well, with a fix for each",
    load: () => import("./doctor.ts"),
  },
  {
    name: "generate",
    least: 1,
    most: 1,
    operands: "systemd",
    flags: [
      { name: "out", value: "DIR", summary: "write the files there (default: print them)" },
      { name: "per-unit", summary: "a systemd unit for each unit, without the supervisor" },
      { name: "verify", summary: "let systemd-analyze look at them" },
      { name: "user", value: "NAME", summary: "who runs it" },
      { name: "systemd", value: "VERSION", summary: "the systemd that shall read them" },
    ],
    summary: "write deployment files from the units",
    load: () => import("./generate.ts"),
  },
  {
    name: "completion",
    least: 1,
    most: 1,
    operands: "bash|zsh|fish",
    flags: [],
    summary: "print the completion of a shell",
    load: () => import("./completion.ts"),
  },
  {
    name: "__units",
    least: 0,
    most: 0,
    operands: "",
    flags: [],
    summary: "the names of all units, for the shell to complete",
    isHidden: true,
    load: () => import("./names.ts"),
  },
  {
    name: "version",
    least: 0,
    most: 0,
    operands: "",
    flags: [],
    summary: "the version, and the runtime's",
    load: () => import("./version.ts"),
  },
  {
    name: "help",
    least: 0,
    most: 1,
    operands: "[VERB]",
    flags: [],
    summary: "this help, or a verb's",
    load: () => import("./help.ts"),
  },
];
