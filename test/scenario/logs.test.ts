import { expect, test } from "bun:test";
import type { LogLine } from "../../supervisor/unit/log-line.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";

const BOUND_MS = 15_000;
/** 300 lines on stdout, every tenth on stderr too, and then silence. */
const unit = `[service]
exec_start = ["/bin/sh", "-c", "for i in $(seq 1 300); do echo out $i; case $i in *0) echo err $i >&2;; esac; done; exec sleep 1000"]
[output]
max_size = "1K"
max_files = 100
compress = true
`;

for (const { daemon: runtime } of alike) {
  test(`logs finds lines again by time, stream, pattern and instance, over compressed files: ${runtime}`, async () => {
    const units = {
      "one.toml": unit,
      "two.toml": unit.replace("[output]", "instances = 2\n[output]\ntimestamps = true"),
    };
    await withRoot({ runtime, units }, async (root) => {
      expect((await root.cli("start", "-d")).code).toBe(0);
      const logs = async (...args: string[]) => (await root.cli("logs", ...args)).stdout;
      const isWhole = async () => (await logs("--grep", "300$")).split("\n").length === 7;
      await eventually(isWhole, BOUND_MS, "everything is printed");

      const errors = Array.from({ length: 30 }, (_, at) => `err ${(at + 1) * 10}`);
      expect(await logs("one", "--stream", "stderr", "--since", "1h ago")).toBe(`${errors.join("\n")}\n`);
      expect(await logs("one", "--grep", "^err", "-n", "2")).toBe("err 290\nerr 300\n");
      expect(await logs("one", "--until", "1h ago")).toBe("");
      const lines = (await logs("two@2", "-o", "json", "-n", "1000")).trimEnd().split("\n");
      const told = lines.map((line): LogLine => JSON.parse(line));
      expect(told.filter(({ stream }) => stream === "stdout").map(({ text }) => text)).toEqual(
        Array.from({ length: 300 }, (_, at) => `out ${at + 1}`),
      );
      expect(new Set(told.map(({ instance, invocation_id }) => `${instance} ${invocation_id}`)).size).toBe(1);
      expect((await logs("-o", "short", "-n", "1")).trimEnd()).toMatch(
        /^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{3} (one|two)@[12](\[\d+\])?: (out|err) \d+$/,
      );
      expect((await root.cli("stop")).code).toBe(0);
    });
  }, 60_000);
}
