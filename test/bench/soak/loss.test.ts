import { expect, test } from "bun:test";
import { connect, createServer, type Socket } from "node:net";
import { connectionsOf, explain, type Loss } from "../../../bench/soak/loss.ts";
import { eventually } from "../../support/eventually.ts";
import type { Failure, Tally } from "../../support/load/tally.ts";

const at = (atMs: number, failure: Failure = "reset-reused") => ({ atMs, failure });
const tallyOf = (...failures: Tally["failures"]) =>
  ({ failures, failed: failures.length, startedAtMs: 1_000 }) as unknown as Tally;
const loss = (inHand: number): Loss => ({ unit: "api", fromMs: 2_000, untilMs: 3_000, inHand });

test("a process takes at most what it had in hand; the next failure is nobody's", () => {
  const tally = tallyOf(at(1_100), at(1_200), at(1_300, "cut"));
  expect(explain(tally, [loss(3)])).toMatchObject({ explained: 3, beyond: 0 });
  expect(explain(tally, [loss(2)])).toMatchObject({
    explained: 2,
    beyond: 1,
    others: [{ text: "1970-01-01T00:00:02.300Z cut" }],
  });
  expect(explain(tally, [loss(2), loss(1)])).toMatchObject({ explained: 3, beyond: 0 });
});

test("what failed before or long after, or in another way, it did not take", () => {
  const tally = tallyOf(at(999), at(2_001), at(1_500, "refused"), at(1_500, "wrong-body"), at(1_500, "timeout"));
  expect(explain(tally, [loss(9)])).toMatchObject({ explained: 0, beyond: 5 });
});

test("failures that the load did not keep in mind are beyond all explanation", () => {
  expect(explain({ ...tallyOf(at(1_500)), failed: 7 }, [loss(9)])).toMatchObject({ explained: 1, beyond: 6 });
});

test("a process has in hand what it has accepted, and not its own connections to others", async () => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  expect(connectionsOf(process.pid, port)).toBe(0);
  const clients = Array.from({ length: 3 }, () => connect(port, "127.0.0.1"));
  await eventually(() => accepted.length === 3, 5_000, "all are accepted");
  expect(connectionsOf(process.pid, port)).toBe(3);
  for (const socket of [...clients, ...accepted]) socket.destroy();
  server.close();
});
