import { expect, test } from "bun:test";
import { findGroupPlace } from "../../supervisor/host/group-place.ts";

const place = (cgroup: string, ...mounts: readonly string[]) =>
  findGroupPlace((path) => (path.endsWith("mountinfo") ? `${mounts.join("\n")}\n` : cgroup));

const v1 = "33 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";

test("the own group is found where v2 is all there is, and where it is mounted beside v1", () => {
  const only = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw";
  expect(place("0::/system.slice/app.service\n", only)).toEqual({
    name: "/system.slice/app.service",
    folder: "/sys/fs/cgroup/system.slice/app.service",
  });
  const unified = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
  expect(place("4:memory:/x\n0::/\n", v1, unified)).toEqual({ name: "/", folder: "/sys/fs/cgroup/unified/" });
});

test("a mount that shows a part of the hierarchy shows the own group below that part", () => {
  const part = "30 24 0:26 /docker/x /a\\040b rw - cgroup2 cgroup2 rw";
  expect(place("0::/docker/x/y\n", part)).toEqual({ name: "/docker/x/y", folder: "/a b/y" });
  expect(place("0::/docker/x\n", part)?.folder).toBe("/a b/");
  expect(place("0::/docker/xyz\n", part)).toBeNull();
});

test("without v2, and outside of what can be seen, there is none", () => {
  expect(place("4:memory:/x\n", v1)).toBeNull();
  expect(place("0::/x\n", v1)).toBeNull();
  expect(place("0::/../x\n", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw")).toBeNull();
  expect(
    findGroupPlace(() => {
      throw new Error("ENOENT");
    }),
  ).toBeNull();
});
