import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contender, Order } from "./contender.ts";
import { missingOf } from "./installed.ts";
import { quoted } from "./quoted.ts";

/** The family of daemontools: a folder for each program with a `run` in it, and one who looks after the folder of folders. */
type Member = Readonly<{
  name: string;
  scanner: string;
  /** Asks for the state of all, with the folder of folders in `$1`. */
  status?: string;
  pause: string;
}>;

const members: readonly Member[] = [
  { name: "daemontools", scanner: "svscan", status: 'svstat "$1"/*', pause: "built in: 1 s between two starts" },
  { name: "runit", scanner: "runsvdir", status: 'sv status "$1"/*', pause: "built in: 1 s between two starts" },
  {
    name: "s6",
    scanner: "s6-svscan",
    status: 'for each in "$1"/*; do s6-svstat "$each"; done',
    pause: "built in: 1 s between two starts",
  },
];

export const runScripts: readonly Contender[] = members.map(({ name, scanner, status, pause }) => ({
  name,
  pause,
  missing: () => missingOf(scanner),
  order(folder, programs): Order {
    const services = join(folder, "services");
    for (const program of programs) {
      mkdirSync(join(services, program.name), { recursive: true });
      const text = `#!/bin/sh\nexec ${quoted(program.argv)}\n`;
      writeFileSync(join(services, program.name, "run"), text, { mode: 0o755 });
    }
    return {
      start: [scanner, services],
      ...(status !== undefined && { status: ["sh", "-c", status, "sh", services] }),
    };
  },
}));
