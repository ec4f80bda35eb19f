import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { backlogOf, isListening } from "../../services/kit/connections.ts";
import { inodeOf } from "../../services/kit/epoll.ts";
import { libc } from "../../services/kit/libc.ts";
import { within } from "../support/within.ts";
import { killLeftovers, startGeneration } from "./fixtures/generation.ts";
import { openRaw, type RawConnection } from "./fixtures/raw-client.ts";
import { openShared } from "./fixtures/shared-listener.ts";

/** What two generations do to the one listener that both of them have, as the kernel tells it. */
const BOUND_MS = 20_000;
const BURST = 64;
const F_GETFL = 3;
const O_NONBLOCK = 0o4000;

setDefaultTimeout(40_000);
afterAll(killLeftovers);

const c = libc();
if (!c) throw new Error("libc");

type Told = Readonly<{
  pids: Readonly<{ old: string; next: string }>;
  queued: readonly string[];
  child: string;
  inode: number | null;
  nonBlocking: readonly boolean[];
  watched: Readonly<{ before: boolean; inDrain: boolean }>;
  crossing: readonly string[];
  backlogs: readonly (number | null)[];
  isListening: boolean;
  afterwards: string;
}>;

for (const runtime of ["bun", "deno"] as const) {
  for (const mode of ["native-inherited", "compatible"] as const) {
    describe(`one listener and two generations, ${mode} on ${runtime}`, () => {
      let story: Promise<Told> | undefined;
      const told = () => {
        story ??= handover(runtime, mode);
        return within(story, BOUND_MS, "the handover");
      };

      test("A10: a queue that filled while nobody accepted is emptied to the last", async () => {
        const { queued, pids } = await told();
        expect(queued).toEqual(Array(BURST).fill(pids.old));
      });

      test("A3: a child of the service has no descriptor of the listener", async () => {
        const { child, inode } = await told();
        expect(child).toContain(" 0 -> ");
        expect(child).not.toContain(`socket:[${inode}]`);
      });

      test("B26: a child of the service has none of the supervisor's variables", async () => {
        const { child } = await told();
        expect(child).toContain("\nPATH\n");
        expect(child).not.toMatch(/^(LISTEN_|NOTIFY_SOCKET)/m);
      });

      test("A6: the listener does not block, from the first generation to the end of the second", async () => {
        expect((await told()).nonBlocking).toEqual([true, true, true]);
      });

      test("A9: the draining process is no longer woken for the listener", async () => {
        expect((await told()).watched).toEqual({ before: true, inDrain: false });
      });

      test("A12: who connects at the moment of the drain is answered, by whichever generation", async () => {
        const { crossing, pids } = await told();
        expect(crossing.length).toBe(BURST);
        for (const pid of crossing) expect([pids.old, pids.next]).toContain(pid);
      });

      test("A7: the backlog is what it was, with one generation, with two, and after the drain", async () => {
        expect((await told()).backlogs).toEqual([2048, 2048, 2048]);
      });

      test("A8: the listener still listens when a generation is gone, and the other one serves", async () => {
        const { isListening, afterwards, pids } = await told();
        expect(isListening).toBe(true);
        expect(afterwards).toBe(pids.next);
      });
    });
  }
}

async function handover(runtime: "bun" | "deno", mode: string): Promise<Told> {
  const listener = openShared("v4");
  const open = () => openRaw({ port: listener.port ?? 0 });
  const start = () =>
    startGeneration(runtime, {
      fds: [listener.fd],
      serve: { idleMs: 300, drainMs: 10_000 },
      env: { SUPERVISOR_KIT_LISTEN: mode === "compatible" ? "compat" : "", NOTIFY_SOCKET: "@nobody-hears" },
    });
  const facts: Pick<Told, "nonBlocking" | "backlogs"> & { nonBlocking: boolean[]; backlogs: (number | null)[] } = {
    nonBlocking: [],
    backlogs: [],
  };
  const look = (): void => {
    facts.nonBlocking.push(((c?.fcntl(listener.fd, F_GETFL, 0) ?? 0) & O_NONBLOCK) !== 0);
    facts.backlogs.push(c && backlogOf(c, listener.fd));
  };

  const waiting = await Promise.all(Array.from({ length: BURST }, open));
  const answers = waiting.map((connection) => answerAndEnd(connection));
  const old = start();
  expect(await old.said).toMatchObject({ mode });
  const queued = await Promise.all(answers);
  const inode = inodeOf(listener.fd);
  const before = isWatched(old.pid, inode);
  const child = await answerAndEnd(await open(), "/child");
  look();

  // These two are the old generation's, which alone accepts: one tells when the drain has begun, the other keeps it alive then.
  const [witness, last] = [await open(), await open()];
  await Promise.all([witness.request("/"), last.request("/")]);
  const begun = witness.request("/draining");
  const inFlight = last.request("/stream?ms=1500");
  const next = start();
  await next.said;
  look();
  const crossing = Array.from({ length: BURST }, async (_, n) => {
    if (n === BURST / 2) old.signal("SIGTERM");
    return answerAndEnd(await open());
  });
  const crossed = await Promise.all(crossing);
  expect((await begun).willClose).toBe(true);
  const watched = { before, inDrain: isWatched(old.pid, inode) };
  expect((await inFlight).body).toBe("first last");
  for (const { destroy } of [witness, last]) destroy();
  expect(await old.exited).toBe(0);
  look();
  const told: Told = {
    ...facts,
    ...{ pids: { old: String(old.pid), next: String(next.pid) }, queued, child, inode, watched },
    crossing: crossed,
    isListening: isListening(c as NonNullable<typeof c>, listener.fd),
    afterwards: await answerAndEnd(await open()),
  };
  next.signal("SIGKILL");
  listener.close();
  return told;
}

/** Whether an event loop of that process watches the socket. Source: proc_pid_fdinfo(5). */
function isWatched(pid: number, inode: number | null): boolean {
  const told = (fd: string): string => {
    try {
      return readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
    } catch {
      // It was closed since it was listed.
      return "";
    }
  };
  return readdirSync(`/proc/${pid}/fdinfo`).some((fd) => told(fd).includes(`ino:${inode?.toString(16)} `));
}

async function answerAndEnd(connection: RawConnection, path = "/"): Promise<string> {
  const { body } = await connection.request(path);
  connection.destroy();
  return body;
}
