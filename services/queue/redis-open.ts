import type { Opened } from "./open.ts";
import type { QueueOptions } from "./options.ts";
import { RedisQueue } from "./redis.ts";
import { RedisConnection } from "./redis-connection.ts";
import { Wake } from "./wake.ts";

const DEFAULT_NAME = "supervisor";

/** What Redis answers when another password, user or database would be needed. */
const REFUSALS = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid DB index|DB index is out of range|AUTH|invalid password))/;

/** Opens the queue that `?queue=` names on a Redis server; see `openQueue`. Messages never hold the password. */
export async function openRedis(text: string, options: Partial<QueueOptions>): Promise<Opened> {
  const url = parse(text);
  if (typeof url === "string") return { ok: false, isConfig: true, message: url };
  const wake = new Wake();
  const redis = new RedisConnection(url.server, `{${url.name}}:`, () => wake.ring());
  try {
    await redis.open();
    const warnings = await warningsOf(redis);
    return { ok: true, queue: new RedisQueue(redis, wake, url.shown, options), warnings };
  } catch (error) {
    redis.close();
    const reason = (error as Error).message;
    return { ok: false, isConfig: REFUSALS.test(reason), message: `${url.shown}: ${reason}` };
  }
}

/** `server`: whom to connect to; `shown`: the same for people, without user and password. */
type Address = Readonly<{ server: string; name: string; shown: string }>;

function parse(text: string): Address | string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || url.hostname === "") return "a redis URL is redis://USER:PASSWORD@HOST:PORT/DB?queue=NAME";
  const name = url.searchParams.get("queue") ?? DEFAULT_NAME;
  const stray = [...url.searchParams.keys()].find((key) => key !== "queue");
  if (stray !== undefined) return `a redis URL has no ?${stray}=`;
  if (!/^[\w.-]{1,64}$/.test(name)) return "?queue= is a name of up to 64 letters, digits, dots, - and _";
  if (!/^\/?\d*$/.test(url.pathname))
    return "the path of a redis URL is the number of a database, as in redis://HOST:PORT/0";
  url.search = "";
  const server = url.href;
  url.username = "";
  url.password = "";
  return { server, name, shown: name === DEFAULT_NAME ? url.href : `${url.href}?queue=${name}` };
}

/** What a team has to know before it trusts tasks to this server. */
async function warningsOf(redis: RedisConnection): Promise<readonly string[]> {
  const [persistence, memory] = [await redis.info("persistence"), await redis.info("memory")];
  const fsync = await redis.setting("appendfsync");
  const warnings: string[] = [];
  if (persistence.get("aof_enabled") === "0")
    warnings.push("redis writes no append-only file: a server that ends loses tasks; set appendonly yes");
  // Source: flushAppendOnlyFile in aof.c: while a flush is under way, writes wait up to two seconds, and answers do not.
  else if (fsync === "everysec")
    warnings.push("redis may lose the tasks of its last two seconds when it is killed; set appendfsync always");
  const policy = memory.get("maxmemory_policy");
  if (memory.get("maxmemory") !== "0" && policy !== "noeviction")
    warnings.push(`redis may evict tasks when its memory is full: set maxmemory-policy noeviction (it is ${policy})`);
  return warnings;
}
