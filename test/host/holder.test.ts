import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { holderText } from "../../supervisor/host/holder.ts";

test("who has an address is told in one line, though his command line has several", async () => {
  const program =
    "\n// A script.\nrequire('net').createServer().listen(0, '127.0.0.1', function () {\n\tconsole.log(this.address().port);\n});";
  const child = spawn("node", ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [port] = await once(child.stdout, "data");
    const text = holderText({
      kind: "stream",
      address: { tag: "inet", host: "127.0.0.1", port: Number(port) } as never,
    });
    expect(text).toStartWith(" by node -e // A script. require('net')");
    expect(text).toEndWith(`(pid ${child.pid})`);
    expect(text).not.toMatch(/[\n\t]/);
  } finally {
    child.kill("SIGKILL");
  }
});
