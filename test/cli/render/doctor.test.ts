import { expect, test } from "bun:test";
import { bad, warn, well } from "../../../supervisor/cli/doctor/finding.ts";
import { renderFindings } from "../../../supervisor/cli/render/doctor.ts";

const findings = [
  well("units", "2 valid"),
  warn("clock", "was set back", "set it"),
  bad("port a/b", "in use", "stop it"),
];

test("a finding is a line, and a fix stands below what is not well", () => {
  expect(renderFindings(findings, false)).toBe(`\
OK   units     2 valid
WARN clock     was set back
     fix: set it
FAIL port a/b  in use
     fix: stop it
`);
  expect(renderFindings(findings, true)).toContain("\x1b[31mFAIL\x1b[0m port a/b");
});
