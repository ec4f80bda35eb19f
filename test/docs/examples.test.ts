import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { type RootOrder, type RuntimeName, withRoot } from "../support/root.ts";
import { readPage } from "./page.ts";
import { installPackages, project } from "./project.ts";

const { blocks } = readPage("services-kit");
const examples = blocks.filter(({ language }) => language === "ts").map(({ text }) => text);
const [web = "", ticks = "", health = "", worker = "", probed = "", changing = ""] = examples;
const [unit = ""] = blocks.filter(({ language }) => language === "toml").map(({ text }) => text);
const PRIVATE_PROBE = '[probe.readiness]\nlistener = "private"\npath = "/readyz"\nperiod = "100ms"\n';

test("the kit's examples are whole programs that the compiler accepts", () => {
  expect(examples).toHaveLength(6);
  const folder = mkdtempSync(join(tmpdir(), "docs-"));
  try {
    installPackages(folder);
    for (const [at, text] of examples.entries()) writeFileSync(join(folder, `example-${at}.ts`), text);
    const settings = { extends: join(project, "tsconfig.json"), include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
    const tsc = join(project, "node_modules/.bin/tsc");
    const { stdout, status } = spawnSync(tsc, ["-p", folder], { encoding: "utf8", timeout: 60_000 });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 70_000);

describe.each(["bun", "deno"] satisfies RuntimeName[])("on %s", (runtime) => {
  test("the kit's examples come up, are handed over and drain", async () => {
    const port0 = unit.replace("127.0.0.1:8080", "127.0.0.1:0");
    const named = (script: string) => port0.replace("main.ts", script);
    const portless = (script: string) => named(script).replace(/\[socket\.http\][^[]*/, "");
    const order: RootOrder = {
      runtime,
      units: {
        "web.toml": port0,
        "ticks.toml": named("ticks.ts"),
        "health.toml": named("health.ts"),
        "worker.toml": portless("worker.ts"),
        "changing.toml": portless("changing.ts"),
        "probed.toml": `${portless("probed.ts")}\n${PRIVATE_PROBE}`,
      },
      files: {
        ...{ "main.ts": web, "ticks.ts": ticks, "health.ts": health, "worker.ts": worker, "probed.ts": probed },
        "changing.ts": changing,
      },
    };
    await withRoot(order, async (root) => {
      installPackages(root.path);
      const daemon = startDaemon(root);
      await daemon.settled();
      await answers(daemon);
      const { code, stdout } = await daemon.cli("reload");
      expect({ code, lines: stdout.trim().split("\n").sort() }).toEqual({
        code: 0,
        lines: ["changing", "health", "probed", "ticks", "web", "worker"].map((name) => `reload ${name}: done`),
      });
      await answers(daemon);
      expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    });
  }, 60_000);
});

async function answers(daemon: Daemon): Promise<void> {
  expect(await ask(daemon, "web", "/")).toBe("hello\n");
  expect(await ask(daemon, "health", "/readyz")).toBe('{"status":"ready","checks":{"disk":"ok"}}');
  expect((await daemon.unit("worker")).active_state).toBe("active");
  expect((await daemon.unit("probed")).health).toBe("healthy");
}

async function ask(daemon: Daemon, name: string, path: string): Promise<string> {
  const [listener] = (await daemon.unit(name)).listeners;
  const response = await fetch(`http://${listener?.address}${path}`, {
    signal: AbortSignal.timeout(5_000),
    keepalive: false,
  });
  return response.text();
}
