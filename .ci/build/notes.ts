export type Notes = Readonly<{ ok: true; text: string } | { ok: false; message: string }>;

/**
 * Cuts one release out of a changelog. Errors: the tag is not the version's, the changelog lacks it, or says nothing of it.
 * Source: keepachangelog.com 1.1.0: `## [0.1.0] - 2026-11-22`, with or without the brackets.
 */
export function releaseNotes(changelog: string, tag: string, version: string): Notes {
  if (tag !== `v${version}`) return { ok: false, message: `the tag is '${tag}', package.json says ${version}` };
  const sections = changelog.split(/^(?=## )/m);
  const found = sections.find((section) => /^## \[?([^\s\]]+)/.exec(section)?.[1] === version);
  if (found === undefined) return { ok: false, message: `CHANGELOG.md has no section ${version}` };
  const text = found.slice(found.indexOf("\n")).trim();
  return text === ""
    ? { ok: false, message: `CHANGELOG.md says nothing of ${version}` }
    : { ok: true, text: `${text}\n` };
}
