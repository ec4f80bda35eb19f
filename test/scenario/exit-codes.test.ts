import { expect, test } from "bun:test";
import { withDaemon } from "../support/daemon.ts";
import { alike } from "../support/matrix.ts";
import { type Root, withRoot } from "../support/root.ts";
import { shellUnit } from "../support/unit-text.ts";

const sleep = shellUnit("exec sleep 1000");

/** Runs each line and gives back the code each ended with. */
async function codes(root: Root, lines: readonly string[]): Promise<Record<string, number | null>> {
  const seen: Record<string, number | null> = {};
  for (const line of lines) seen[line] = (await root.cli(...line.split(" "))).code;
  return seen;
}

for (const { daemon: runtime } of alike) {
  test(`the exit code tells what was wrong with a unit: ${runtime}`, async () => {
    const units = { "up.toml": sleep, "down.toml": shellUnit("exec sleep 1000", { unit: { enabled: "false" } }) };
    await withDaemon({ runtime, units }, async (daemon) => {
      const expected = {
        "status up": 0,
        "status down": 3,
        "status nope": 4,
        "start nope": 5,
        "stop nope": 5,
        "restart nope": 5,
        "reload nope": 5,
        "start down": 0,
        "stop down": 0,
      };
      expect(await codes(daemon, Object.keys(expected))).toEqual(expected);
      const unknown = await daemon.cli("stop", "upp");
      expect(unknown.stderr).toContain("up");
      expect(unknown.stderr).not.toContain("    at ");
    });
  }, 60_000);

  test(`the exit code tells that no supervisor runs, or that the question was wrong: ${runtime}`, async () => {
    await withRoot({ runtime, units: { "up.toml": sleep } }, async (root) => {
      const expected = {
        status: 7,
        "stop up": 7,
        "reload up": 7,
        frobnicate: 2,
        "status --nope": 2,
        check: 0,
        version: 0,
      };
      expect(await codes(root, Object.keys(expected))).toEqual(expected);
    });
  }, 60_000);

  test(`a bad unit file is refused with its line, by check and by start alike: ${runtime}`, async () => {
    const bad = '[service]\nexec_start = ["/bin/true"]\nrestart = "sometimes"\nrestrat_sec = 1\n';
    await withRoot({ runtime, units: { "bad.toml": bad, "up.toml": sleep } }, async (root) => {
      for (const verb of ["check", "start"]) {
        const { code, stdout, stderr } = await root.cli(verb);
        expect({ verb, code, stdout }).toEqual({ verb, code: 6, stdout: "" });
        expect(stderr).toContain("bad.toml:3: service.restart: ");
        expect(stderr).toContain("bad.toml:4: service.restrat_sec: ");
      }
    });
  }, 60_000);
}
