import { expect, test } from "bun:test";
import { type LifeEdge, leadLife } from "../../services/kit/life.ts";

function led() {
  const said: Record<string, string>[] = [];
  const lines: string[] = [];
  const codes: number[] = [];
  const exited = Promise.withResolvers<number>();
  const edge: LifeEdge = {
    exit: (code) => {
      codes.push(code);
      exited.resolve(code);
    },
    notify: (fields) => void said.push({ ...fields }),
    report: (line) => void lines.push(line),
  };
  return { ...leadLife(edge), said, lines, codes, exited: exited.promise };
}

test("ready is said once, whoever says it again", () => {
  const { life, said } = led();
  expect(life.isReady).toBe(false);
  life.ready("warm");
  life.ready();
  expect(life.isReady).toBe(true);
  expect(said).toEqual([{ READY: "1", STATUS: "warm" }]);
});

test("what is to begin with READY begins just before it is said, and at once when it has been", () => {
  const { life, said } = led();
  const order: string[] = [];
  life.onReady(() => order.push(`begins, ${said.length} said`));
  expect(order).toEqual([]);
  life.ready();
  life.onReady(() => order.push("begins at once"));
  expect(order).toEqual(["begins, 0 said", "begins at once"]);
});

test("a status without ready is only a status", () => {
  const { life, said } = led();
  life.status("opening the queue");
  expect(said).toEqual([{ STATUS: "opening the queue" }]);
  expect(life.isReady).toBe(false);
});

test("every finisher runs at once, and the process exits with 0 when the last is done", async () => {
  const { life, end, codes, exited, said } = led();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const order: string[] = [];
  life.onDrain(() => first.promise.then(() => void order.push("first")));
  life.onDrain(() => second.promise.then(() => void order.push("second")));
  expect(life.draining.aborted).toBe(false);
  end("SIGTERM");
  expect(life.draining.aborted).toBe(true);
  expect(said.at(-1)).toMatchObject({ STOPPING: "1" });
  second.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(codes).toEqual([]);
  first.resolve();
  expect(await exited).toBe(0);
  expect(order).toEqual(["second", "first"]);
});

test("streams hear of the drain before it waits for them", () => {
  const { life, end } = led();
  let open = true;
  life.draining.addEventListener("abort", () => {
    open = false;
  });
  let seen: boolean | undefined;
  life.onDrain(() => {
    seen = open;
  });
  end("SIGTERM");
  expect(seen).toBe(false);
});

test("what is added while draining is waited for too", async () => {
  const { life, end, codes, exited } = led();
  const late = Promise.withResolvers<void>();
  life.onDrain(() => {
    life.onDrain(() => late.promise);
  });
  end("SIGINT");
  await new Promise((resolve) => setImmediate(resolve));
  expect(codes).toEqual([]);
  late.resolve();
  expect(await exited).toBe(0);
});

test("a finisher that fails is reported, the others are still awaited, and the exit code is 1", async () => {
  const { life, end, exited, lines } = led();
  let done = false;
  life.onDrain(() => {
    throw new Error("queue: disk full");
  });
  life.onDrain(async () => {
    await Promise.resolve();
    done = true;
  });
  end("SIGTERM");
  expect(await exited).toBe(1);
  expect(done).toBe(true);
  expect(lines).toEqual(["drain: queue: disk full"]);
});

test("a second signal exits at once with the signal's code", () => {
  const { life, end, codes } = led();
  life.onDrain(() => new Promise(() => {}));
  end("SIGTERM");
  expect(codes).toEqual([]);
  end("SIGINT");
  expect(codes).toEqual([130]);
});

test("a process with nothing to finish exits when it is asked to", async () => {
  const { end, exited } = led();
  end("SIGTERM");
  expect(await exited).toBe(0);
});
