import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settled, submit } from "../services/api-client.ts";
import { askControl } from "../support/control.ts";
import { type Daemon, withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { readOpenMetrics } from "../support/openmetrics.ts";
import { settingsServer } from "../support/settings-server.ts";
import { bundledUnit } from "../support/unit-text.ts";
import { codes, docsFolder, readPage } from "./page.ts";
import { type Asked, readPromql, type Selector } from "./promql.ts";

setDefaultTimeout(60_000);

/** What the target of a scrape adds to each sample. */
const OF_TARGET = ["job", "instance"];

/** By the name of a sample: its family, and the values of each of its labels. */
type Told = ReadonlyMap<string, Readonly<{ family: string; labels: ReadonlyMap<string, ReadonlySet<string>> }>>;

let told: Told;
beforeAll(async () => {
  const settings = ["queue.max_pending=1", "telemetry.otlp_endpoint=http://127.0.0.1:9"];
  const probe = { listener: '"private"', path: '"/healthz"', period: '"100ms"' };
  const unit = (mode: "api" | "worker") => bundledUnit("bun", mode, settings, { "probe.liveness": probe });
  const units = { "api.toml": unit("api"), "worker.toml": unit("worker") };
  const source = await settingsServer({ index: 1 });
  const config = { "local.toml": `[supervisor]\nconfig_source = "${source.url}"\n` };
  await withDaemon({ runtime: "bun", units, config }, async (daemon) => {
    await busy(daemon);
    told = await eventually(async () => complete(await scrape(daemon)), 20_000, "what is counted late is there, too");
  });
  await source.close();
});

/** Has each thing happen once that is told only when it did. */
async function busy(daemon: Daemon): Promise<void> {
  const url = `http://${(await daemon.unit("api")).listeners[0]?.address}`;
  const task = { type: "report.aggregate", payload: { rows: [], group_by: "k", sum: "v" } };
  const id = await submit(url, task);
  await settled(url, id);
  await submit(url, { ...task, delay_ms: 600_000 });
  expect((await daemon.cli("reload", "api")).code).toBe(0);
  // The new generation counts from 0: it is asked for what it has, and for what it has no room for.
  await settled(url, id);
  await expect(submit(url, task)).rejects.toThrow("503");
}

async function scrape(daemon: Daemon): Promise<Told> {
  const series = readOpenMetrics((await askControl(daemon.controlPath, "/metrics"))?.body ?? "");
  const all = new Map<string, { family: string; labels: Map<string, Set<string>> }>();
  for (const { name, family, labels } of series) {
    const about = all.get(name) ?? { family, labels: new Map<string, Set<string>>() };
    all.set(name, about);
    for (const [, label = "", value = ""] of labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) {
      about.labels.set(label, (about.labels.get(label) ?? new Set()).add(value));
    }
  }
  return all;
}

const LATE = [
  "supervisor_drain_seconds_count",
  "supervisor_probe_answers_total",
  "worker_attempt_duration_seconds_count",
];
const complete = (all: Told) => LATE.every((name) => all.has(name)) && all;

describe("metrics.md", () => {
  const rows = readPage("metrics").rows.filter(({ head }) => head === "metric");
  const names = rows.map(({ cells: [name = ""] }) => codes(name)[0] ?? "");

  test("names every family that supervisor, API and worker tell, and no other", () => {
    expect(names.toSorted()).toEqual([...new Set([...told.values()].map(({ family }) => family))].toSorted());
  });

  test("names the labels of each", () => {
    for (const [at, name] of names.entries()) {
      const [, , labels = ""] = rows[at]?.cells ?? [];
      const samples = [...told.values()].filter(({ family }) => family === name);
      const real = new Set(samples.flatMap((sample) => [...sample.labels.keys()]));
      // Those of histograms, of statesets, and, for what services tell, what the supervisor adds.
      const added = ["le", name, ...(name.startsWith("supervisor") ? [] : ["unit", "instance"])];
      expect({ name, labels: codes(labels).toSorted() }).toEqual({
        name,
        labels: [...real].filter((label) => !added.includes(label)).toSorted(),
      });
    }
  });
});

/** What is wrong with an expression, held against what is told. */
function faultsOf(expression: string): readonly string[] {
  const { selectors, grouped }: Asked = readPromql(expression);
  const known = new Set(selectors.flatMap(({ metric }) => labelsOf(metric)));
  return [
    ...selectors.flatMap(selectorFaults),
    ...grouped
      .filter((label) => !known.has(label))
      .map((label) => `grouped by ${label}, which none of its metrics has`),
  ];
}

function selectorFaults({ metric, matchers, isRated }: Selector): readonly string[] {
  if (metric === "up")
    return matchers.filter(({ label }) => !OF_TARGET.includes(label)).map(({ label }) => `up{${label}}`);
  const about = told.get(metric);
  if (!about) return [`no metric ${metric}`];
  const isCounter = /_(?:total|bucket|count|sum)$/.test(metric);
  const rated = isRated === isCounter ? [] : [`${metric}: ${isRated ? "no counter" : "a counter without a rate"}`];
  const matched = matchers.flatMap(({ label, op, value }) => {
    if (OF_TARGET.includes(label)) return [];
    const values = about.labels.get(label);
    if (!values) return [`${metric} has no label ${label}`];
    const fits = (real: string) => (op === "=~" ? new RegExp(`^(?:${value})$`).test(real) : real === value);
    const isMet = op.startsWith("!") || [...values, ...wordsOf(about.family)].some(fits);
    return isMet ? [] : [`${metric}{${label}${op}"${value}"}: none of ${[...values]}`];
  });
  return [...rated, ...matched];
}

const labelsOf = (metric: string): readonly string[] => [...(told.get(metric)?.labels.keys() ?? []), ...OF_TARGET];

/** What the page says that a label of the family may be, beyond what came to pass. */
function wordsOf(family: string): readonly string[] {
  const row = readPage("metrics").rows.find(({ cells: [name = ""] }) => codes(name)[0] === family);
  return codes(row?.cells[3] ?? "");
}

test.each([
  ["sum(rate(nobody_total[5m]))", "no metric nobody_total"],
  ['queue_tasks{stat="dead"}', "queue_tasks has no label stat"],
  ['queue_tasks{state="asleep"}', 'queue_tasks{state="asleep"}: none of'],
  ["rate(queue_up[5m])", "queue_up: no counter"],
  ["sum(worker_attempts_total)", "worker_attempts_total: a counter without a rate"],
  ["max by (unti) (queue_up)", "grouped by unti, which none of its metrics has"],
])("%s is found wrong", (expression, fault) => {
  expect(faultsOf(expression)).toEqual([expect.stringContaining(fault)]);
});

test("what is no PromQL is found", () => {
  expect(() => readPromql("sum(rate(queue_up[5m])")).toThrow("no PromQL at");
});

type Rule = Readonly<{
  alert: string;
  expr: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
}>;
type Rules = Readonly<{ groups: readonly Readonly<{ name: string; rules: readonly Rule[] }>[] }>;

describe("alerts.yml", () => {
  const { groups } = Bun.YAML.parse(readFileSync(join(docsFolder, "monitoring/alerts.yml"), "utf8")) as Rules;
  const rules = groups.flatMap((group) => group.rules);

  test("asks for what is told", () => {
    expect(rules.map(({ alert, expr }) => ({ alert, faults: faultsOf(expr) }))).toEqual(
      rules.map(({ alert }) => ({ alert, faults: [] })),
    );
  });

  test("says of each what is the matter and how bad it is, with labels that its result has", () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr, labels, annotations } of rules) {
      expect({ alert, severity: labels.severity }).toEqual({ alert, severity: expect.stringMatching(/^(page|warn)$/) });
      expect({ alert, summary: annotations.summary }).toEqual({ alert, summary: expect.stringMatching(/[.?]$/) });
      const used = [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
      const { selectors, grouped } = readPromql(expr);
      const given =
        grouped.length > 0 || /\b(?:sum|max|min)\(/.test(expr)
          ? grouped
          : selectors.flatMap(({ metric }) => labelsOf(metric));
      expect({ alert, lacking: used.filter((label) => !given.includes(label)) }).toEqual({ alert, lacking: [] });
    }
  });

  test("names the job as the page that tells how to scrape does, which keeps the services' labels", () => {
    const [block] = readPage("monitoring/README").blocks.filter(({ language }) => language === "yaml");
    const config = Bun.YAML.parse(block?.text ?? "") as {
      scrape_configs: Readonly<Record<string, unknown>>[];
      rule_files: string[];
    };
    expect(config.scrape_configs).toMatchObject([{ job_name: "supervisor", honor_labels: true }]);
    expect(rules.flatMap(({ expr }) => readPromql(expr).selectors.flatMap(({ matchers }) => matchers))).toContainEqual({
      label: "job",
      op: "=",
      value: "supervisor",
    });
    expect(config.rule_files).toEqual(["alerts.yml"]);
  });
});

type Place = Readonly<{ x: number; y: number; w: number; h: number }>;
type Panel = Readonly<{
  id: number;
  title: string;
  gridPos: Place;
  targets?: readonly Readonly<{ expr: string; legendFormat: string }>[];
}>;
type Dashboard = Readonly<{
  panels: readonly Panel[];
  templating: Readonly<{ list: readonly Readonly<{ name: string; definition?: string }>[] }>;
}>;

describe("dashboard.json", () => {
  const { panels, templating } = JSON.parse(
    readFileSync(join(docsFolder, "monitoring/dashboard.json"), "utf8"),
  ) as Dashboard;
  /** As Grafana asks when all units are chosen. */
  const filled = (expr: string) => expr.replaceAll("$__rate_interval", "5m").replaceAll("$unit", ".*");

  test("asks for what is told, and names series by labels that they have", () => {
    for (const { title, targets = [] } of panels) {
      for (const { expr, legendFormat } of targets) {
        expect({ title, expr, faults: faultsOf(filled(expr)) }).toEqual({ title, expr, faults: [] });
        const { selectors, grouped } = readPromql(filled(expr));
        const given = expr.includes(" by (") ? grouped : selectors.flatMap(({ metric }) => labelsOf(metric));
        const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
        expect({ title, lacking: used.filter((label) => !given.includes(label)) }).toEqual({ title, lacking: [] });
      }
    }
  });

  test("lets units be chosen among those that there are", () => {
    const chooser = templating.list.find(({ name }) => name === "unit")?.definition ?? "";
    const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(chooser) ?? [];
    expect([...(told.get(metric)?.labels.get(label) ?? [])].toSorted()).toEqual(["api", "worker"]);
  });

  test("has no two panels of one number, nor in one place", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });
});
