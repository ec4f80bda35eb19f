import { parseArguments } from "./cli/arguments.ts";
import { type Context, createContext } from "./cli/context.ts";
import { exit } from "./cli/exit.ts";
import { leaveWithReader } from "./cli/pipes.ts";
import { tellMiss } from "./cli/tell.ts";

/** The program: reads the command line and loads the one verb it names, so that a quick verb loads nothing else. */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseArguments(argv, process.env);
  if (parsed.tag === "misused") {
    console.error(`supervisor: ${parsed.message}`);
    return exit.usage;
  }
  const { verb, settings } = parsed;
  const context = createContext(settings);
  if (verb.name === "start" && settings.args.length === 0) return startDaemon(context);
  leaveWithReader();
  const { run } = await verb.load();
  return run(context);
}

const notRunning = { tag: "not-running" } as const;

/** Runs the daemon, here or in the background; refuses when one runs already on this state directory. */
async function startDaemon(context: Context): Promise<number> {
  const { root, stateDir, flags } = context;
  if (flags["reexec-check"] === true) return (await import("./daemon-main.ts")).checkReexec({ root, stateDir });
  if (flags["make-room"] === true) {
    (await import("./host/make-room.ts")).makeRoom();
    return exit.done;
  }
  const { isReexecuted } = await import("./host/reexec.ts");
  // The program before us has left its socket to us: nobody would answer there.
  const reply = isReexecuted() ? notRunning : await context.client().status();
  if (reply.tag === "ok") {
    const { pid, root: otherRoot } = reply.value.supervisor;
    context.err(`supervisor start: supervisor already runs in ${otherRoot} (pid ${pid})`);
    return exit.failed;
  }
  const onCrash = flags["on-crash"] ?? "keep";
  if (onCrash !== "keep" && onCrash !== "stop") {
    context.err(`supervisor start: --on-crash: must be keep or stop, got '${onCrash}'`);
    return exit.usage;
  }
  // Of those who do not answer, the state directory's lock tells whether they live.
  if (reply.tag !== "not-running" && reply.tag !== "timed-out") return tellMiss(context, reply, "order");
  if (flags.detach === true) {
    leaveWithReader();
    const { run } = await import("./cli/detach.ts");
    return run(context);
  }
  const { runDaemon } = await import("./daemon-main.ts");
  return runDaemon({
    root,
    stateDir,
    verbose: context.verbose,
    diesAlone: onCrash === "keep",
    ...(typeof flags.listen === "string" && { listen: flags.listen }),
    ...(typeof flags["exit-with"] === "string" && { exitWith: flags["exit-with"] }),
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What the operating system refuses is told in one line; anything else is a bug, and its trace is what helps.
  const { code, message, stack } = error as NodeJS.ErrnoException;
  console.error(`supervisor: ${code === undefined ? (stack ?? error) : message}`);
  process.exitCode = code === "EACCES" || code === "EPERM" ? exit.denied : exit.failed;
}
