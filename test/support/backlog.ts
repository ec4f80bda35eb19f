import { dlopen } from "bun:ffi";
import { readdirSync, readlinkSync } from "node:fs";
import { backlogOf } from "../../services/kit/connections.ts";
import { libc } from "../../services/kit/libc.ts";
import { addressOf } from "../../services/kit/socket-address.ts";

const c = dlopen("libc.so.6", {
  pidfd_open: { args: ["i32", "i32"], returns: "i32" },
  pidfd_getfd: { args: ["i32", "i32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
}).symbols;

/** The backlog of a TCP listener that a process has open, by the kernel's word. Null: it has none at that address. */
export function listenerBacklog(pid: number, address: string): number | null {
  const kit = libc();
  const process = c.pidfd_open(pid, 0);
  if (!kit || process < 0) throw new Error(`process ${pid} cannot be looked into`);
  const names = readdirSync(`/proc/${pid}/fd`).filter((fd) => targetOf(pid, fd).startsWith("socket:"));
  let found: number | null = null;
  for (const name of names) {
    const fd = c.pidfd_getfd(process, Number(name), 0);
    if (fd < 0) continue;
    if (addressOf(kit, fd)?.text === address) found ??= backlogOf(kit, fd);
    c.close(fd);
  }
  c.close(process);
  return found;
}

function targetOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return ""; // closed between the listing and the reading
  }
}
