import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "./free-port.ts";
import { within } from "./within.ts";

const READY_MS = 20_000;

/** A redis-server of the test's own, on a port of its own, with a folder that is gone afterwards. */
export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "redis-"));
  readonly #settings: readonly string[];
  #child: ChildProcess | null = null;

  private constructor(port: number, settings: readonly string[]) {
    this.port = port;
    this.#settings = settings;
    process.once("exit", () => this.#child?.kill("SIGKILL"));
  }

  /** `settings`: as on the command line of redis-server, after the defaults: an append-only file, written before each answer, and nothing else. */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), settings);
    await server.start();
    return server;
  }

  /** `name`: of a queue of its own. */
  url(name = "supervisor"): string {
    return `redis://127.0.0.1:${this.port}/0?queue=${name}`;
  }

  /** Resolves when it takes connections, with what its files still hold. */
  async start(): Promise<void> {
    const own = [
      "--port",
      `${this.port}`,
      "--bind",
      "127.0.0.1",
      "--dir",
      this.#folder,
      "--save",
      "",
      "--appendonly",
      "yes",
      "--appendfsync",
      "always",
    ];
    const child = spawn("redis-server", [...own, ...this.#settings], { stdio: ["ignore", "pipe", "ignore"] });
    this.#child = child;
    let said = "";
    const ready = new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}: ${said}`)));
      child.stdout?.on("data", (chunk) => {
        said += chunk;
        if (said.includes("Ready to accept connections")) resolve();
      });
    });
    await within(ready, READY_MS, "redis-server");
  }

  /** Why not by the child's own method: on Deno that sends no second signal. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child?.pid !== undefined) process.kill(this.#child.pid, signal);
  }

  /** Ends it at once, as a crash does. What it had written is there at the next start. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await within(gone, READY_MS, "the end of redis-server");
  }

  /** Ends it, and begins again with nothing. */
  async restartEmpty(): Promise<void> {
    await this.kill();
    rmSync(join(this.#folder, "appendonlydir"), { recursive: true, force: true });
    await this.start();
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true });
  }

  /** Says something to it by redis-cli, and gives what that printed. */
  ask(...command: readonly string[]): string {
    return spawnSync("redis-cli", ["-p", `${this.port}`, ...command], { encoding: "utf8", timeout: READY_MS }).stdout;
  }
}
