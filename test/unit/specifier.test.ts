// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { expand, templateProblem } from "../../supervisor/unit/specifier.ts";

const context = {
  unit: "api",
  instance: 2,
  root: "/srv/app",
  stateDir: "/srv/app/.supervisor",
  variables: { PORT: "8080", EMPTY: "", EVIL: "%r ${PORT}" },
};

const templates: readonly (readonly [string, string])[] = [
  ["%n@%i", "api@2"],
  ["%r/a %t/b", "/srv/app/a /srv/app/.supervisor/b"],
  ["%R/a", "/srv/app/a"],
  ["100%%", "100%"],
  ["%%n", "%n"],
  ["${PORT}", "8080"],
  [":${PORT:-1}", ":8080"],
  ["${NONE:-9}", "9"],
  ["${NONE:-}", ""],
  ["${EMPTY}", ""],
  ["${EMPTY:-x}", "x"],
  ["${NONE:-%r/%n}", "/srv/app/api"],
  ["$PORT $$ $${PORT}", "$PORT $$ $8080"],
  ["${1} ${} ${a-b}", "${1} ${} ${a-b}"],
];

for (const [template, value] of templates) {
  test(`${template} becomes ${JSON.stringify(value)}`, () => {
    expect(templateProblem(template)).toBeNull();
    expect(expand(template, context)).toEqual({ ok: true, value });
  });
}

test("what a variable holds is not expanded again", () => {
  expect(expand("${EVIL}", context)).toEqual({ ok: true, value: "%r ${PORT}" });
});

test("every missing variable is named", () => {
  expect(expand("${A} ${PORT} ${B}", context)).toEqual({ ok: false, missing: ["A", "B"] });
  expect(expand("${toString}", context)).toEqual({ ok: false, missing: ["toString"] });
});

test("an unknown specifier is a problem of the template itself", () => {
  expect(templateProblem("%d")).toContain("unknown specifier `%d`");
  expect(templateProblem("100%")).toContain("%%");
});

test("a placeholder that does not end, or nests, is a problem and never half expanded", () => {
  expect(templateProblem("${PORT")).toContain("does not end");
  expect(templateProblem("${A:-${B}}")).toContain("brace");
  expect(templateProblem("${A:-b")).toContain("does not end");
});
