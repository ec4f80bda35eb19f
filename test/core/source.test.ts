import { describe, expect, test } from "bun:test";
import { beginPoll, type Poll, requestOf, type SourceAnswer, stepPoll } from "../../supervisor/core/source.ts";

const text = (index: string | null, etag: string | null = null, said = "a"): SourceAnswer => ({
  tag: "text",
  text: said,
  index,
  etag,
});
const trouble: SourceAnswer = { tag: "trouble", why: "answered 500" };
const after = (answers: readonly SourceAnswer[], begun: Poll = beginPoll(null)): Poll =>
  answers.reduce((poll, answer) => stepPoll(poll, answer, 0, 0).poll, begun);

describe("what is asked next", () => {
  const plain = { query: "", headers: {} };
  const newer = (index: number) => ({ query: `?index=${index}&wait=55s`, headers: {} });
  const rows: readonly [promise: string, answers: readonly SourceAnswer[], asked: typeof plain | object][] = [
    ["the first question is answered at once", [], plain],
    ["an index is waited on", [text("7")], newer(7)],
    ["a higher one, too", [text("7"), text("9")], newer(9)],
    ["the same one again", [text("7"), text("7")], newer(7)],
    ["one that goes backwards is forgotten", [text("7"), text("6")], plain],
    ["and counted from anew", [text("7"), text("6"), text("6")], newer(6)],
    ["one below 1 counts as 1", [text("0")], newer(1)],
    ["what is no number is none", [text("-1")], plain],
    [
      "without an index an ETag is waited on",
      [text(null, '"x"')],
      {
        query: "",
        headers: { "If-None-Match": '"x"', Prefer: "wait=55" },
      },
    ],
    [
      "it stays while nothing changes",
      [text(null, '"x"'), { tag: "unchanged" }],
      {
        query: "",
        headers: { "If-None-Match": '"x"', Prefer: "wait=55" },
      },
    ],
    ["after trouble it is asked plainly: its count may have begun anew", [text("7"), trouble], plain],
  ];
  test.each([...rows])("%s", (_promise, answers, asked) => {
    const { url, headers } = requestOf("http://host/x.toml", after(answers));
    expect({ query: url.slice("http://host/x.toml".length), headers }).toEqual(asked as typeof plain);
  });

  test("a key of Consul is read as it is, also over TLS", () => {
    const seven = after([text("7")]);
    expect(requestOf("consul://host:8500/app/x", seven).url).toBe("http://host:8500/v1/kv/app/x?raw&index=7&wait=55s");
    expect(requestOf("consul+https://host/x", beginPoll(null)).url).toBe("https://host/v1/kv/x?raw");
  });

  test("who may hold back his answer has longer than he may, and nobody has for ever", () => {
    const [plainly, held] = [beginPoll(null), after([text("7")])].map((poll) => requestOf("http://h/", poll).limitMs);
    expect([plainly, held]).toEqual([10_000, 55_000 + 55_000 / 16 + 10_000]);
  });
});

describe("when, and what it means", () => {
  test("five in a row are asked at once, and from then on one in 5 s", () => {
    const delays: number[] = [];
    let [poll, nowMs] = [beginPoll(null), 0];
    for (let each = 0; each < 8; each++) {
      const step = stepPoll(poll, text("7"), nowMs, 0);
      delays.push(step.afterMs);
      [poll, nowMs] = [step.poll, nowMs + step.afterMs];
    }
    expect(delays).toEqual([0, 0, 0, 0, 0, 5_000, 5_000, 5_000]);
  });

  test("the pause after trouble grows to a minute, and jitter takes up to half of it", () => {
    const pauses = (roll: number) => {
      let poll = beginPoll(null);
      return Array.from({ length: 8 }, () => {
        const step = stepPoll(poll, trouble, 0, roll);
        poll = step.poll;
        return step.afterMs;
      });
    };
    expect(pauses(0)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(pauses(1)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test("it is news only when it says something else, also after trouble", () => {
    const known = beginPoll("a");
    expect(stepPoll(known, text("7"), 0, 0).news).toBeNull();
    expect(stepPoll(known, text("7", null, "b"), 0, 0).news).toBe("b");
    expect(stepPoll(after([trouble], known), text("7"), 0, 0).news).toBeNull();
    expect(stepPoll(known, { tag: "unchanged" }, 0, 0).news).toBeNull();
  });
});
