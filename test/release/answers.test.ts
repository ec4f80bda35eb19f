import { expect, test } from "bun:test";
import { parseExposition } from "../../supervisor/control/metrics/exposition.ts";
import { type Answers, answersOf, none, sum, worseBy } from "../../supervisor/release/answers.ts";

const of = (text: string) => answersOf(parseExposition(text).families);

test.each<[string, string, Partial<Answers>]>([
  ["nothing", "", {}],
  [
    "a counter of Prometheus' clients",
    '# TYPE http_requests_total counter\nhttp_requests_total{code="200"} 3\nhttp_requests_total{code="503"} 2\n',
    { count: 5, failed: 2 },
  ],
  [
    "the bundled API's",
    '# TYPE api_requests counter\napi_requests_total{method="GET",route="/x",status="500"} 4\n',
    { count: 4, failed: 4 },
  ],
  ["a counter without a type", 'http_requests_total{status_code="404"} 7\n', { count: 7 }],
  ["a counter without a status", "# TYPE http_requests counter\nhttp_requests_total 7\n", {}],
  [
    "a gauge of requests in flight",
    '# TYPE api_requests_in_flight gauge\napi_requests_in_flight{status="500"} 7\n',
    {},
  ],
  [
    "a histogram",
    '# TYPE api_request_duration_seconds histogram\napi_request_duration_seconds_bucket{le="+Inf"} 4\napi_request_duration_seconds_sum 2\napi_request_duration_seconds_count 4\n',
    { timed: 4, seconds: 2 },
  ],
  ["what is no number", '# TYPE http_requests counter\nhttp_requests_total{code="500"} NaN\n', {}],
])("what %s says of answers", (_, text, expected) => {
  expect(of(text)).toEqual({ ...none, ...expected });
});

test("several processes of a unit are one", () => {
  const one = { count: 1, failed: 2, timed: 3, seconds: 4 };
  expect(sum(one, one)).toEqual({ count: 2, failed: 4, timed: 6, seconds: 8 });
});

const answers = (count: number, failed: number, meanMs: number): Answers => ({
  count,
  failed,
  timed: count,
  seconds: (count * meanMs) / 1000,
});

test.each<[string, Answers, Answers, string | null]>([
  ["the same", answers(1000, 10, 5), answers(1000, 10, 5), null],
  [
    "errors where there were none",
    answers(1000, 0, 5),
    answers(100, 3, 5),
    "answers 3% of requests with 5xx, 0% before",
  ],
  ["a few errors more", answers(1000, 10, 5), answers(100, 2, 5), null],
  ["so many times more", answers(1000, 50, 5), answers(100, 16, 5), "answers 16% of requests with 5xx, 5% before"],
  ["as bad as before", answers(1000, 500, 5), answers(100, 60, 5), null],
  ["errors where nobody had asked before", none, answers(100, 100, 5), "answers 100% of requests with 5xx, 0% before"],
  ["too few to say", answers(1000, 0, 5), answers(49, 49, 5000), null],
  [
    "ten times slower",
    answers(1000, 0, 20),
    answers(100, 0, 200),
    "takes 200 ms for an answer on average, 20 ms before",
  ],
  ["ten times slower, and still quick", answers(1000, 0, 1), answers(100, 0, 10), null],
  ["twice as slow", answers(1000, 0, 100), answers(100, 0, 200), null],
  ["slow where nobody had asked before", none, answers(100, 0, 900), null],
])("what is worse by a factor of three: %s", (_, before, now, expected) => {
  expect(worseBy(3, before, now)).toBe(expected);
});
