import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { alike } from "../support/matrix.ts";
import { withRoot } from "../support/root.ts";

const pm2 = `module.exports = { apps: [
  { name: "bot", script: "bot.ts", interpreter: "bun", args: "--at '50%'", instances: 2, exec_mode: "fork",
    env: { LEVEL: "low" }, env_production: { LEVEL: "high" } } ] };
`;
const bot = `console.log([process.argv.slice(2).join(" "), process.env.LEVEL, process.env.NODE_APP_INSTANCE].join("|"));
process.on("SIGINT", () => { console.log("asked by SIGINT"); process.exit(0); });
setInterval(() => {}, 1000);
`;
const supervisord = `[program:counter]
command=/bin/sh -c 'echo "$MOTTO %(program_name)s"; exec sleep 1000'
environment=MOTTO="a, b"
stopasgroup=true
`;
const service = `[Service]
Environment="WHAT=two words" PLAIN=x
ExecStartPre=/bin/sh -c 'echo before'
ExecStart=/bin/sh -c 'echo "$$LISTEN_FDNAMES|$WHAT|$0"; exec sleep 1000' \${PLAIN}y
[Install]
WantedBy=multi-user.target
`;

describe.each(alike)("on $daemon", ({ daemon: runtime }) => {
  test("what was imported from four managers runs, with its words, variables, listeners and signals", async () => {
    const port = await freePort();
    const files = {
      "ecosystem.config.cjs": pm2,
      "bot.ts": bot,
      Procfile: `web: A=1 /bin/sh -c 'echo "port $PORT $A $B"; exec sleep 1000'\n`,
      ".env": "B=from the file\n",
      "supervisord.conf": supervisord,
      "lend.service": service,
      "lend.socket": `[Socket]\nListenStream=127.0.0.1:${port}\n`,
    };
    await withRoot({ runtime, units: {}, files }, async (root) => {
      const at = (name: string) => `${root.path}/${name}`;
      const imported = [at("ecosystem.config.cjs"), at("Procfile"), at("supervisord.conf"), at("lend.service")];
      expect(await root.cli("import", "--env", "production", "-q", ...imported)).toMatchObject({ code: 0, stdout: "" });
      const daemon = startDaemon(root);
      await daemon.settled();
      for (const name of ["bot", "web", "counter", "lend"]) {
        expect({ name, state: (await daemon.unit(name)).active_state }).toEqual({ name, state: "active" });
      }
      const said = (name: string) => root.read(`.supervisor/logs/${name}.log`);
      const says = (name: string, text: string) =>
        eventually(
          () => said(name).includes(text),
          10_000,
          `${name} says ${text}`,
          () => said(name),
        );
      await says("bot", "--at 50%|high|1\n");
      await says("bot", "--at 50%|high|2\n");
      await says("web", "port 5000 1 from the file\n");
      await says("counter", "a, b counter\n");
      await says("lend", "before\nlend|two words|xy\n");
      const client = connect(port, "127.0.0.1");
      await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
      client.destroy();
      expect(await daemon.stop()).toEqual({ code: 0, signal: null });
      expect(said("bot").match(/asked by SIGINT/g)).toHaveLength(2);
    });
  }, 60_000);
});
