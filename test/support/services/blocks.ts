import { dlopen } from "bun:ffi";

/**
 * A program without an event loop around its listener: `accept FD` and `poll FD` wait in that system call, `accept-and-sleep FD`
 * keeps what it has accepted, `steal PID FD` polls another process' descriptor. On Bun.
 */
const c = dlopen("libc.so.6", {
  accept: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  poll: { args: ["ptr", "i32", "i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  pidfd_open: { args: ["i32", "i32"], returns: "i32" },
  pidfd_getfd: { args: ["i32", "i32", "i32"], returns: "i32" },
}).symbols;
const F_SETFL = 4;
const POLLIN = 1;

const [how = "", ...numbers] = process.argv.slice(2);
const [first = -1, second = -1] = numbers.map(Number);
const fd = how === "steal" ? c.pidfd_getfd(c.pidfd_open(first, 0), second, 0) : first;
if (fd < 0) throw new Error(`no descriptor ${numbers.join(" ")}`);
if (how.startsWith("accept")) {
  c.fcntl(fd, F_SETFL, 0);
  c.accept(fd, null, null);
  if (how === "accept-and-sleep") c.poll(null, 0, -1);
} else {
  c.poll(new Int32Array([fd, POLLIN]), 1, -1);
}
