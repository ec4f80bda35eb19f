import { describe, expect, test } from "bun:test";
import { parseExposition } from "../../../supervisor/control/metrics/exposition.ts";
import { renderFamilies } from "../../../supervisor/control/metrics/family.ts";
import { readOpenMetrics } from "../../support/openmetrics.ts";

/** What a text is as OpenMetrics, which must be sound, and how many lines of it were dropped. */
function rewritten(text: string): readonly [string, number] {
  const { families, malformedLines } = parseExposition(text);
  const out = renderFamilies(families);
  readOpenMetrics(`${out}# EOF\n`);
  return [out, malformedLines];
}

test("the older format becomes OpenMetrics", () => {
  const [out, dropped] = rewritten(`# HELP http_requests_total Requests, "all".
# TYPE http_requests_total counter
http_requests_total{method="post",code="200",} 1027 1395066363000
http_requests_total { code = "400" , method="post" } 3

# a comment
# TYPE lag untyped
lag -.5e1
msdos{path="C:\\\\DIR",error="no \\"file\\"\\n"} 1.458255915e9
# TYPE rpc summary
rpc{quantile="0.5"} 4773
rpc{quantile="1"} +Inf
rpc_sum 1.7e+07
rpc_count 2693
# TYPE took histogram
took_bucket{le="1"} 2
took_bucket{le="1000000"} 2
took_bucket{le="+Inf"} 3
took_sum 7
took_count 3
`);
  expect(dropped).toBe(0);
  expect(out).toBe(`# TYPE http_requests counter
# HELP http_requests Requests, \\"all\\".
http_requests_total{method="post",code="200"} 1027
http_requests_total{code="400",method="post"} 3
# TYPE lag unknown
lag -.5e1
# TYPE msdos unknown
msdos{path="C:\\\\DIR",error="no \\"file\\"\\n"} 1.458255915e9
# TYPE rpc summary
rpc{quantile="0.5"} 4773
rpc{quantile="1.0"} +Inf
rpc_sum 1.7e+07
rpc_count 2693
# TYPE took histogram
took_bucket{le="1.0"} 2
took_bucket{le="1e+06"} 2
took_bucket{le="+Inf"} 3
took_sum 7
took_count 3
`);
});

test("OpenMetrics stays what it is, less exemplars, timestamps and units", () => {
  const [out, dropped] = rewritten(`# TYPE foo counter
# UNIT foo seconds
# HELP foo Help.
foo_total{a="b"} 17.0 1520879607.789 # {trace_id="x"} 0.67 1520879607.789
foo_created{a="b"} 1520872607.123
# TYPE build info
build_info{version="1"} 1
# TYPE state stateset
state{state="a"} 1
# EOF
`);
  expect(dropped).toBe(0);
  expect(out).toBe(`# TYPE foo counter
# HELP foo Help.
foo_total{a="b"} 17.0
foo_created{a="b"} 1520872607.123
# TYPE build info
build_info{version="1"} 1
# TYPE state stateset
state{state="a"} 1
`);
});

test("a counter without the suffix keeps its name", () => {
  expect(rewritten("# TYPE requests counter\nrequests 3\n")).toEqual(["# TYPE requests unknown\nrequests 3\n", 0]);
});

describe("what is malformed is left out and counted", () => {
  test.each([
    ["no value", "a\n"],
    ["no number", "a b\n"],
    ["a hexadecimal number", "a 0x10\n"],
    ["an open label", 'a{b="c} 1\n'],
    ["a label without quotes", "a{b=c} 1\n"],
    ["a label twice", 'a{b="1",b="2"} 1\n'],
    ["a name that begins with a digit", "1a 1\n"],
    ["words behind the value", "a 1 now\n"],
    ["HTML", "<html>\n"],
    ["an unknown type", "# TYPE a thing\n"],
    ["a counter below 0", "# TYPE a counter\na_total -1\n"],
    ["a counter that is no number", "# TYPE a counter\na_total NaN\n"],
    ["an info that is not 1", "# TYPE a info\na_info 2\n"],
    ["a quantile above 1", '# TYPE a summary\na{quantile="2"} 1\n'],
    ["a suffix that the type has not", "# TYPE a counter\na_total 1\na 2\n"],
  ])("%s", (_, text) => {
    const [out, dropped] = rewritten(`ok 1\n${text}`);
    expect(out).toStartWith("# TYPE ok unknown\nok 1\n");
    expect(dropped).toBe(1);
  });

  test.each([
    ["without +Inf", 'a_bucket{le="1"} 1\na_sum 1\na_count 1\n', 3],
    ["whose counts fall", 'a_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\n', 2],
    ["whose bounds are out of order", 'a_bucket{le="2"} 1\na_bucket{le="1"} 1\na_bucket{le="+Inf"} 1\n', 3],
    ["whose count is another", 'a_bucket{le="+Inf"} 1\na_count 2\n', 2],
  ])("a histogram %s", (_, lines, dropped) => {
    expect(rewritten(`# TYPE a histogram\n${lines}`)).toEqual(["", dropped]);
  });

  test("a series twice, and one of two histograms", () => {
    expect(rewritten('a{x="1",y="2"} 1\na{y="2",x="1"} 2\n')).toEqual(['# TYPE a unknown\na{x="1",y="2"} 1\n', 1]);
    const good = ['a_bucket{k="1",le="+Inf"} 1', 'a_bucket{k="2",le="1.0"} 1'];
    expect(rewritten(`# TYPE a histogram\n${good.join("\n")}\n`)).toEqual([`# TYPE a histogram\n${good[0]}\n`, 1]);
  });
});

test("whatever the text, the answer is sound and comes at once", () => {
  const seed = { at: 7 };
  const roll = (most: number): number => {
    seed.at = (seed.at * 48_271) % 2_147_483_647;
    return seed.at % most;
  };
  const pieces = [
    "# TYPE a counter\n",
    "# HELP a \\x\\",
    "a_total",
    "a",
    "{",
    "}",
    'le="1"',
    ",",
    " ",
    "\n",
    "1",
    "NaN",
  ];
  pieces.push(
    "# TYPE a histogram\n",
    "a_bucket",
    'le="+Inf"',
    "# EOF\n",
    "\\",
    '"',
    "é\u0000",
    "a_count 1\n",
    "-",
    "# {",
  );
  for (let times = 0; times < 3000; times++) {
    const text = Array.from({ length: roll(60) }, () => pieces[roll(pieces.length)]).join("");
    rewritten(text);
  }
  const began = performance.now();
  for (const text of [
    "a{".repeat(300_000),
    `a{b="${"\\".repeat(600_000)}`,
    `# ${" ".repeat(900_000)}`,
    "a ".repeat(400_000),
  ])
    rewritten(text);
  expect(performance.now() - began).toBeLessThan(3000);
});
