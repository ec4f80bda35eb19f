import { connect } from "node:net";
import type { Daemon } from "../../support/daemon.ts";
import { freePort } from "../../support/free-port.ts";
import type { LoadOrder } from "../../support/load/order.ts";
import { type Load, startLoad } from "../../support/load.ts";
import type { RuntimeName } from "../../support/root.ts";
import { within } from "../../support/within.ts";
import { readRecipe } from "./recipe.ts";
import { withStoppedDaemon } from "./with-stopped-daemon.ts";

/** A page, perhaps one of its variants, and the daemon that runs it. */
export type Order = Readonly<{ page: string; variant?: string; runtime: RuntimeName }>;

/** A server as its page describes it, up and running. The unit is called `web`. */
export interface Served extends Daemon {
  /** Where it listens. Shape: `127.0.0.1:40123` */
  readonly address: string;
  /** `supervisor reload web`, waited for until the new generation is the only one. Errors: throws when it was not done. */
  handOver(): Promise<void>;
  /**
   * A client that asks once and keeps its connection, which it was not told to close. `closed`: the server has closed it.
   * Errors: throws when it is told to close.
   */
  idleClient(): Promise<Readonly<{ closed: Promise<void> }>>;
  /** Eight clients that keep their connections and eight that do not, unless told otherwise. */
  load(order?: Partial<LoadOrder>): Promise<Load>;
}

/** The port that every page writes down. */
const WRITTEN_PORT = "8080";
/** Pages leave it out; the tests have less time than a user. */
const SOAK = '\n[handover]\nsoak_sec = "200ms"\n';

/** Serves what a page says, on a port of its own. */
export async function withRecipe(order: Order, use: (served: Served) => Promise<void>): Promise<void> {
  const { units, files } = readRecipe(order.page, order.variant);
  const port = await freePort();
  const adapt = (texts: Readonly<Record<string, string>>, more = "") =>
    Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, text.replaceAll(WRITTEN_PORT, `${port}`) + more]),
    );
  const root = { runtime: order.runtime, units: adapt(units, SOAK), files: adapt(files) };
  await withStoppedDaemon(root, async (daemon) => {
    const { active_state } = await daemon.unit("web");
    if (active_state !== "active") throw new Error(`${order.page}: web is ${active_state}`);
    await use(servedBy(daemon, port));
  });
}

function servedBy(daemon: Daemon, port: number): Served {
  const address = `127.0.0.1:${port}`;
  const eight = { address, path: "/", keepAlive: 8, oneShot: 8, thinkMs: 10 };
  return {
    ...daemon,
    address,
    handOver: () => handOver(daemon),
    idleClient: () => idleClient(port),
    load: (more = {}) => startLoad({ ...eight, ...more }, daemon.environment),
  };
}

async function handOver(daemon: Daemon): Promise<void> {
  const { generation, main_pid } = await daemon.unit("web");
  const { code, stdout, stderr } = await daemon.cli("reload", "web");
  if (code !== 0 || stdout.trim() !== "reload web: done") throw new Error(`reload: ${code}\n${stdout}${stderr}`);
  await daemon.until(
    "web",
    (now) => now.generation === generation + 1 && now.main_pid !== main_pid && now.instances.length === 1,
    `generation ${generation + 1} serves alone`,
  );
}

async function idleClient(port: number): ReturnType<Served["idleClient"]> {
  const socket = connect(port, "127.0.0.1");
  const answered = Promise.withResolvers<string>();
  const closed = new Promise<void>((resolve) => socket.once("close", resolve));
  socket.on("error", answered.reject);
  socket.on("data", (bytes) => answered.resolve(bytes.toString("latin1")));
  socket.write("GET /?n=1 HTTP/1.1\r\nHost: idle.test\r\n\r\n");
  const answer = await within(answered.promise, 5_000, "an answer to the idle client");
  if (/^connection: *close/im.test(answer)) throw new Error(`told to close:\n${answer}`);
  return { closed };
}
