import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { askControl } from "../support/control.ts";
import { withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { readOpenMetrics } from "../support/openmetrics.ts";

const main = fileURLToPath(new URL("../../services/main.ts", import.meta.url));

/** The bundled API and worker, both asked on their private listeners. */
const units = {
  "api.toml": unit(
    "api",
    '[socket.http]\nlisten_stream = "127.0.0.1:0"\n[probe.liveness]\nlistener = "http"\npath = "/healthz"\n',
  ),
  "worker.toml": unit("worker", '[probe.liveness]\nlistener = "private"\npath = "/healthz"\n'),
};

/** The parser of Prometheus' own client library. Source: prometheus_client.openmetrics.parser. */
const PARSER = [
  "import sys",
  "from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse",
  "print(len(list(parse(sys.stdin.read()))))",
].join("\n");
const isInstalled = spawnSync("python3", ["-c", "import prometheus_client.openmetrics.parser"]).status === 0;
if (!isInstalled) console.log("python3-prometheus-client is not installed: its parser does not read the scrape");

for (const { daemon: runtime } of alike) {
  test(`a scrape gathers what the services expose, and Prometheus' own parser takes it: ${runtime}`, async () => {
    await withDaemon({ runtime, units }, async (daemon) => {
      for (const name of ["api", "worker"])
        await daemon.until(name, ({ health }) => health === "healthy", "it is healthy");
      await daemon.cli("reload", "api");
      const scrape = await eventually(() => askControl(daemon.controlPath, "/metrics"), 5_000, "an answer");
      const series = readOpenMetrics(scrape.body);
      const own = series.filter(({ name }) => !name.startsWith("supervisor_"));
      const labels = (unit: string) => own.filter((one) => one.labels.includes(`unit="${unit}",instance="${unit}@1"`));
      expect(labels("api").length).toBeGreaterThan(0);
      expect(labels("worker").length).toBeGreaterThan(0);
      expect(series.some(({ name }) => name === "supervisor_probe_answers_total")).toBe(true);
      if (!isInstalled) return;
      const parsed = spawnSync("python3", ["-c", PARSER], { input: scrape.body, encoding: "utf8" });
      expect(parsed.stderr).toBe("");
      expect(Number(parsed.stdout)).toBeGreaterThan(20);
    });
  }, 60_000);
}

function unit(name: string, more: string): string {
  const service = `type = "notify"\nscript = ${JSON.stringify(main)}\nargs = ["run", "${name}"]\n`;
  return `[service]\n${service}${more}`;
}
