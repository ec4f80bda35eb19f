import process from "node:process";
import { libc } from "./libc.ts";
import { AF_UNIX, unixSockaddr } from "./sockaddr.ts";

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_NOSIGNAL = 0x4000;

/** The service manager above this supervisor, systemd for example. Without one, nothing of this does anything. */
export interface Manager {
  /** Shape: `{ READY: "1", STATUS: "2 units" }`. */
  tell(fields: Readonly<Record<string, string>>): void;
  /** Tells it now, and then at half the watchdog's interval, that we are alive. Ends with `close`. */
  watch(): void;
  close(): void;
}

/** Source: sd_notify(3), sd_watchdog_enabled(3). */
export function createManager(env: Readonly<Record<string, string | undefined>>): Manager {
  const target = env.NOTIFY_SOCKET;
  const intervalUs = isForUs(env.WATCHDOG_PID) ? Number(env.WATCHDOG_USEC ?? 0) : 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const tell = (fields: Readonly<Record<string, string>>): void => {
    if (target?.startsWith("/") || target?.startsWith("@")) send(target, fields);
  };
  return {
    tell,
    watch() {
      if (intervalUs <= 0) return;
      const sign = (): void => tell({ WATCHDOG: "1" });
      // After a re-exec the last one may be old already.
      sign();
      timer = setInterval(sign, intervalUs / 2000);
    },
    close: () => clearInterval(timer),
  };
}

function isForUs(pid: string | undefined): boolean {
  return pid === undefined || Number(pid) === process.pid;
}

function send(target: string, fields: Readonly<Record<string, string>>): void {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const address = unixSockaddr(target);
  const lines = Object.entries(fields).map(([key, value]) => `${key}=${value.replace(/[\r\n]+/g, " ")}`);
  const text = new TextEncoder().encode(lines.join("\n"));
  const message = new Uint8Array(new ArrayBuffer(text.length));
  message.set(text);
  if (libc.connect(fd, address, address.length) === 0) libc.send(fd, message, message.length, MSG_NOSIGNAL);
  libc.close(fd);
}
