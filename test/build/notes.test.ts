import { expect, test } from "bun:test";
import { releaseNotes } from "../../.ci/build/notes.ts";

const changelog = `# Changelog

## Unreleased

- soon

## [0.2.0] - 2026-12-01

### Added

- two

## 0.2.0-rc.1

- candidate

## 0.1.0 - 2026-11-22

- one
`;

test.each([
  ["v0.2.0", "### Added\n\n- two\n"],
  ["v0.2.0-rc.1", "- candidate\n"],
  ["v0.1.0", "- one\n"],
])("the notes of %s are its own section alone", (tag, text) => {
  expect(releaseNotes(changelog, tag, tag.slice(1))).toEqual({ ok: true, text });
});

test.each([
  ["v0.2.1", "0.2.0", "the tag is 'v0.2.1', package.json says 0.2.0"],
  ["0.2.0", "0.2.0", "the tag is '0.2.0', package.json says 0.2.0"],
  ["v0.3.0", "0.3.0", "CHANGELOG.md has no section 0.3.0"],
])("the tag %s at version %s is refused", (tag, version, message) => {
  expect(releaseNotes(changelog, tag, version)).toEqual({ ok: false, message });
});

test("a section without a word is refused", () => {
  const message = "CHANGELOG.md says nothing of 1.0.0";
  expect(releaseNotes("## 1.0.0\n\n## 0.9.0\n- x\n", "v1.0.0", "1.0.0")).toEqual({ ok: false, message });
});
