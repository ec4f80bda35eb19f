import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiUrl, CLOSE, startService } from "./api-client.ts";
import { type Program, runtimes } from "./program.ts";

setDefaultTimeout(60_000);

let cwd: string;
let program: Program | null = null;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "live-config-"));
  mkdirSync(join(cwd, "config"));
});
afterEach(async () => {
  program?.child.kill("SIGKILL");
  await program?.exited;
  rmSync(cwd, { recursive: true });
});

const write = (text: string) => writeFileSync(join(cwd, "config/local.toml"), text);
const status = async (url: string) => (await fetch(`${url}/tasks/none`, { headers: CLOSE })).status;

test.each(runtimes)(
  "SIGHUP: what is live holds at once, a fault leaves what held, a touch is nothing: %s",
  async (runtime) => {
    write('[api]\nrate_limit_burst = 1\n[telemetry]\nlog_level = "info"\n');
    program = startService({ runtime, mode: "all-in-one", cwd, settings: ["queue.url=memory:"] });
    const url = await apiUrl(program);
    await program.prints(/"event":"worker\.started"/);
    const hangUp = () => void program?.child.kill("SIGHUP");
    const metric = async () =>
      /^worker_concurrency (\d+)$/m.exec(await (await fetch(`${url}/metrics`, { headers: CLOSE })).text())?.[1];
    expect([await status(url), await status(url), await metric()]).toEqual([404, 404, "4"]);

    const changed =
      "[api]\nrate_limit_per_sec = 0.001\nrate_limit_burst = 1\nbody_limit_bytes = 7\n[worker]\nconcurrency = 7\n";
    write(changed);
    hangUp();
    const [line] = await program.prints(/\{.*"event":"config\.changed","version":2.*\}/);
    expect(JSON.parse(line)).toMatchObject({ waiting: ["api.body_limit_bytes"] });
    expect([await status(url), await status(url), await metric()]).toEqual([404, 429, "7"]);

    write(`${changed}lease_ms = 1\n`);
    hangUp();
    const [refusal] = await program.prints(/\{.*"event":"config\.refused","version":2.*\}/);
    expect(JSON.parse(refusal).msg).toContain("config/local.toml:7: worker.lease_ms: ");
    expect(await metric()).toBe("7");

    write(`# touched\n${changed}`);
    hangUp();
    write(changed.replace("= 7\n[worker]", "= 8\n[worker]").replace("concurrency = 7", "concurrency = 3"));
    hangUp();
    await program.prints(/"event":"config\.changed","version":3/);
    expect(await metric()).toBe("3");
  },
);
