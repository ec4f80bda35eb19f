import { atLeastOne, several, type Verb } from "../verb.ts";

/** What tells how it is. In the order of the help. */
export const questions: readonly Verb[] = [
  {
    name: "status",
    ...several,
    flags: [
      { name: "lines", short: "n", value: "N", summary: "how many lines of output to show (default: 10)" },
      { name: "watch", short: "w", summary: "draw it anew each second, until Ctrl-C" },
    ],
    summary: "what runs, and how",
    load: () => import("../status.ts"),
  },
  {
    name: "show",
    ...atLeastOne,
    flags: [
      { name: "property", short: "p", value: "NAME", summary: "only this one; several with commas between" },
      { name: "value", summary: "the values without their names" },
    ],
    summary: "every property of units, for scripts",
    load: () => import("../show.ts"),
  },
  {
    name: "why",
    ...atLeastOne,
    flags: [{ name: "lines", short: "n", value: "N", summary: "how many of the last entries (default: 20)" }],
    summary: "what happened to units, newest first, and why",
    load: () => import("../why.ts"),
  },
  {
    name: "wait",
    ...atLeastOne,
    flags: [{ name: "for", value: "ready|active|stopped", summary: "what to wait for (default: ready)" }],
    summary: "wait until units are ready, active or stopped; --timeout limits it",
    load: () => import("../wait.ts"),
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
    load: () => import("../logs.ts"),
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
    load: () => import("../events.ts"),
  },
  {
    name: "top",
    ...several,
    flags: [{ name: "sort", value: "cpu|memory|name", summary: "what comes first (default: cpu)" }],
    summary: "what units take, live on the whole screen",
    load: () => import("../top.ts"),
  },
  {
    name: "is-active",
    ...atLeastOne,
    flags: [],
    summary: "exit 0 when one of the units is active",
    load: () => import("../is-active.ts"),
  },
  {
    name: "is-failed",
    ...atLeastOne,
    flags: [],
    summary: "exit 0 when one of the units failed",
    load: () => import("../is-failed.ts"),
  },
];
