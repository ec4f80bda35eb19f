import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type EventSink, eventStream } from "../../services/kit/event-stream.ts";
import { leadLife } from "../../services/kit/life.ts";
import { within } from "../support/within.ts";
import { killLeftovers, startGeneration } from "./fixtures/generation.ts";
import { openShared } from "./fixtures/shared-listener.ts";

const BOUND_MS = 10_000;
const CLIENTS = 8;
const SPREAD_MS = 300;

setDefaultTimeout(30_000);
afterAll(killLeftovers);

const lead = () => leadLife({ exit: () => {}, notify: () => {}, report: () => {} });

test("an event is written as the standard has it, and no value can smuggle in a line", async () => {
  const { life } = lead();
  const response = eventStream(
    (events) => {
      events.send({ data: "one\ntwo\r\nthree", event: "tick\nid: 9", id: "1" });
      events.end();
      events.send({ data: "too late" });
    },
    { life, retryMs: 50 },
  );
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(await response.text()).toBe("retry: 50\n\nid: 1\nevent: tick id: 9\ndata: one\ndata: two\ndata: three\n\n");
});

test("C7: a stream that is asked for while draining ends at once, and its client comes back", async () => {
  const { life, end } = lead();
  end("SIGTERM");
  let begun = false;
  const response = eventStream(() => (begun = true), { life, spreadMs: 0 });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("retry: 0\n\n");
  expect(begun).toBe(false);
});

test("a client that is gone ends the stream, and what was subscribed to is taken back", async () => {
  const { life } = lead();
  let events: EventSink | undefined;
  const response = eventStream((sink) => (events = sink), { life });
  await response.body?.cancel();
  expect(events?.ended.aborted).toBe(true);
  events?.send({ data: "nobody hears" });
});

test("a client that falls behind is ended, so that what it has not read does not pile up", async () => {
  const { life } = lead();
  let events: EventSink | undefined;
  const response = eventStream((sink) => (events = sink), { life });
  for (let sent = 0; sent < 40 && !events?.ended.aborted; sent += 1) events?.send({ data: "x".repeat(65_536) });
  expect(events?.ended.aborted).toBe(true);
  expect((await response.text()).length).toBeLessThan(2_000_000);
});

/** What an EventSource does: it comes back after `retry`, with the last id that it has. Ends at the first stream of another process. */
async function follow(url: string, opened: () => void) {
  const streams: { pid: string; id: string; retryMs: number }[] = [];
  let last = { pid: "", id: "", retryMs: 0 };
  for (;;) {
    const response = await fetch(url, { headers: last.id === "" ? {} : { "last-event-id": last.id } });
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    last = { ...last };
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      for (const line of new TextDecoder().decode(chunk).split("\n")) {
        if (line.startsWith("data: ")) last.pid = line.slice(6);
        if (line.startsWith("id: ")) last.id = line.slice(4);
        if (line.startsWith("retry: ")) last.retryMs = Number(line.slice(7));
      }
      if (last.pid !== "") opened();
      if (last.pid !== "" && last.pid !== (streams[0] ?? last).pid) return [...streams, last];
    }
    streams.push(last);
    await new Promise((resolve) => setTimeout(resolve, last.retryMs));
  }
}

describe.each(["bun", "deno"] as const)("event streams on %s", (runtime) => {
  test.each(["native-inherited", "compatible"] as const)(
    "C7, C8: each ends cleanly with a time of its own to come back, and goes on at the new generation (%s)",
    async (mode) => {
      const listener = openShared("v4");
      const env = { SUPERVISOR_KIT_LISTEN: mode === "compatible" ? "compat" : "" };
      const start = async () => {
        const generation = startGeneration(runtime, { fds: [listener.fd], serve: { idleMs: 300 }, env });
        expect(await within(generation.said, BOUND_MS, "it serves")).toMatchObject({ mode });
        return generation;
      };
      const old = await start();
      const opened = Array.from({ length: CLIENTS }, () => Promise.withResolvers<void>());
      const clients = opened.map(({ resolve }) => follow(`http://${listener.address}/ticks`, resolve));
      await within(Promise.all(opened.map(({ promise }) => promise)), BOUND_MS, "the first events");
      const next = await start();
      old.signal("SIGTERM");
      const all = await within(Promise.all(clients), BOUND_MS, "every client is at the new generation");
      for (const streams of all) {
        expect(streams[0]).toMatchObject({ pid: String(old.pid), id: "1" });
        expect(streams.at(-1)).toMatchObject({ pid: String(next.pid), id: "2" });
        expect(streams[0]?.retryMs).toBeLessThanOrEqual(SPREAD_MS);
      }
      expect(new Set(all.map(([first]) => first?.retryMs)).size).toBeGreaterThan(1);
      expect(await within(old.exited, BOUND_MS, "the service exits")).toBe(0);
      expect(old.stderr()).not.toContain("cut");
      listener.close();
      next.signal("SIGKILL");
    },
  );
});
