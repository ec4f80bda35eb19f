import { atLeastOne, noBlock, several, type Verb } from "../verb.ts";

/** What changes what runs. In the order of the help. */
export const orders: readonly Verb[] = [
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
      { name: "make-room", summary: "only let systemd start it beside services that have outlived it" },
      noBlock,
    ],
    summary: "run the supervisor; with UNITs: start them in the running one",
    load: () => import("../start.ts"),
  },
  {
    name: "stop",
    ...several,
    flags: [{ name: "cascade", summary: "stop also the units that require these" }, noBlock],
    summary: "stop units; without UNIT: stop everything, then the supervisor",
    load: () => import("../stop.ts"),
  },
  {
    name: "restart",
    ...atLeastOne,
    flags: [noBlock],
    summary: "stop, then start: with downtime",
    load: () => import("../restart.ts"),
  },
  {
    name: "reload",
    ...several,
    flags: [noBlock],
    summary: "hand over to a new generation, without downtime; without UNIT: every unit that can",
    load: () => import("../reload.ts"),
  },
  {
    name: "scale",
    least: 2,
    most: 2,
    operands: "UNIT N|+N|-N",
    flags: [noBlock],
    summary: "change the number of instances of a unit that runs",
    load: () => import("../scale.ts"),
  },
  {
    name: "reset-failed",
    ...several,
    flags: [],
    summary: "forget failures and start limits",
    load: () => import("../reset-failed.ts"),
  },
  {
    name: "signal",
    least: 2,
    most: Infinity,
    operands: "SIGNAL UNIT…",
    flags: [],
    summary: "send a signal to units",
    load: () => import("../signal.ts"),
  },
];
