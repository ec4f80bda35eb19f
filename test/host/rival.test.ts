import { expect, test } from "bun:test";
import { isRival, takesFrom } from "../../supervisor/host/rival.ts";

const place = (host: string, port = 80) => ({ family: host.includes(":") ? 6 : 4, host, port }) as const;

/** Whom a client of the first may reach instead, and whether it is by the first's own address. */
const table = [
  ["0.0.0.0", "127.0.0.1", "takes"],
  ["0.0.0.0", "0.0.0.0", "takes"],
  ["127.0.0.1", "127.0.0.1", "takes"],
  ["::", "::1", "takes"],
  ["::", "0.0.0.0", "takes"],
  ["::", "10.0.0.5", "takes"],
  ["127.0.0.1", "::1", "beside"],
  ["127.0.0.1", "::", "beside"],
  ["0.0.0.0", "::", "beside"],
  ["::1", "127.0.0.1", "beside"],
  ["127.0.0.1", "0.0.0.0", "none"],
  ["::1", "::", "none"],
  ["127.0.0.1", "127.0.0.2", "none"],
  ["10.0.0.5", "::1", "none"],
  ["127.0.0.1", "fe80::1", "none"],
] as const;

for (const [ours, other, kind] of table) {
  test(`beside ${ours}, ${other} is a rival: ${kind}`, () => {
    expect([isRival(place(ours), place(other)), takesFrom(place(ours), place(other))]).toEqual([
      kind !== "none",
      kind === "takes",
    ]);
  });
}

test("another port is nobody's rival", () => {
  expect(isRival(place("0.0.0.0"), place("0.0.0.0", 81))).toBe(false);
  expect(takesFrom(place("0.0.0.0"), place("0.0.0.0", 81))).toBe(false);
});
