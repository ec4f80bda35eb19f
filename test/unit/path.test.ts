import { expect, test } from "bun:test";
import { resolve } from "node:path/posix";
import { resolvePath } from "../../supervisor/unit/path.ts";

test("a path is resolved as node:path resolves it", () => {
  for (const path of ["a", "./a/../b", "/x//y/", "..", "../../../..", ".", "", "a/./b", "/"]) {
    for (const root of ["/", "/srv/app", "/srv/app/"]) expect(resolvePath(root, path)).toBe(resolve(root, path));
  }
});
