import { beforeAll, describe, expect, test } from "bun:test";
import type { Daemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { missingOf } from "../support/missing.ts";
import { type RuntimeName, withRoot } from "../support/root.ts";
import { sharedDaemon } from "../support/shared-daemon.ts";
import { bundledUnit } from "../support/unit-text.ts";
import { excused, isRun, standsFor } from "./excused.ts";
import { installPackages } from "./project.ts";
import { commandsOf, filesOf, pages } from "./shown.ts";
import { installCommands, typed } from "./typed.ts";

const BOUND_MS = 120_000;
/** Where the services of the manual listen. */
const ADDRESS = /(?:localhost|127\.0\.0\.1):8080/g;
/** What this machine lacks of the programs that the pages type: such commands are left out. */
const missing = missingOf(["curl", "python3"]);
const isThere = (command: string) => !missing.some((program) => command.startsWith(`${program} `));
const shown = pages.map((page) => ({
  ...page,
  commands: commandsOf(page).filter((each) => isRun(page.name, each) && isThere(each)),
}));
/** What a newcomer types is typed on both runtimes; the other pages take turns, since every verb has tests of its own on both. */
const isTypedOn = (runtime: RuntimeName, { name }: { name: string }, at: number) =>
  ["../README", "getting-started"].includes(name) || (at % 2 === 0) === (runtime === "bun");
/** A page that names files, or starts a supervisor, is followed from its first line in a root of its own that has the files. */
const hasRoot = (page: (typeof shown)[number]) =>
  Object.keys(filesOf(page)).length > 0 || page.commands.includes("supervisor start -d");

test("every reason not to run a command is one for a command that is shown", () => {
  for (const [name, reasons] of Object.entries(excused)) {
    const commands = pages.filter((page) => page.name === name).flatMap(commandsOf);
    const stale = Object.keys(reasons).filter((row) => !commands.some((command) => standsFor(row, command)));
    expect({ name, stale }).toEqual({ name, stale: [] });
  }
});

test.skipIf(missing.length > 0)("this machine has every program that the pages type", () => {
  expect(missing).toEqual([]);
});

describe.each(["bun", "deno"] satisfies RuntimeName[])("on %s", (runtime) => {
  const typedOn = shown.filter((page) => page.commands.length > 0).filter((page, at) => isTypedOn(runtime, page, at));
  describe("beside the bundled services", () => {
    const units = { "api.toml": bundledUnit(runtime, "api", []), "worker.toml": bundledUnit(runtime, "worker", []) };
    const lent = sharedDaemon({ runtime, units });
    let instead: (command: string) => string = (command) => command;
    beforeAll(async () => {
      installCommands(lent());
      instead = await substitutes(lent());
    }, BOUND_MS);

    const typedHere = new Set<string>();
    for (const { name, commands } of typedOn.filter((page) => !hasRoot(page))) {
      const fresh = commands.filter((command) => !typedHere.has(command));
      for (const command of fresh) typedHere.add(command);
      if (fresh.length === 0) continue;
      test(
        `what ${name}.md shows can be typed`,
        async () => {
          for (const command of fresh) {
            const { code, stderr } = await typed(lent(), instead(command));
            expect({ command, code, stderr: code === 0 ? "" : stderr }).toEqual({ command, code: 0, stderr: "" });
          }
        },
        BOUND_MS,
      );
    }
  });

  for (const page of typedOn.filter(hasRoot)) {
    test(
      `${page.name}.md can be followed from its first line to its last`,
      async () => {
        const port = `127.0.0.1:${await freePort()}`;
        const here = (text: string) => text.replaceAll(ADDRESS, port);
        const files = Object.fromEntries(Object.entries(filesOf(page)).map(([name, text]) => [name, here(text)]));
        await withRoot({ runtime, units: {}, files }, async (root) => {
          installCommands(root);
          installPackages(root.path);
          for (const command of page.commands) {
            const { code, stderr } = await typed(root, here(command));
            expect({ command, code, stderr: code === 0 ? "" : stderr }).toEqual({ command, code: 0, stderr: "" });
          }
        });
      },
      BOUND_MS,
    );
  }
});

/** What a page leaves to its reader: the address and the id of a task that is done. */
async function substitutes(daemon: Daemon): Promise<(command: string) => string> {
  const [listener] = (await daemon.unit("api")).listeners;
  const tasks = `http://${listener?.address}/tasks`;
  const body = JSON.stringify({ type: "report.aggregate", payload: { rows: [], group_by: "k", sum: "v" } });
  const posted = await fetch(tasks, { method: "POST", body, keepalive: false });
  const { id } = (await posted.json()) as { id: string };
  const done = async () => {
    const asked = await fetch(`${tasks}/${id}`, { keepalive: false });
    return ((await asked.json()) as { state: string }).state === "done";
  };
  await eventually(done, BOUND_MS, "the task is done");
  return (command) =>
    command
      .replaceAll(ADDRESS, listener?.address ?? "")
      .replaceAll(/\b01a1…|\bID\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, id)
      .replaceAll("https://hooks.example", "http://127.0.0.1:9");
}
