/** What a new project is made from. `dependency`: how its package.json names the supervisor, such as "^0.1.0" or "file:/opt/supervisor". */
export type Project = Readonly<{ name: string; dependency: string }>;

/** The files of a new project, by path: a web service that is handed over, and what it takes to run it. */
export function projectFiles({ name, dependency }: Project): ReadonlyMap<string, string> {
  const manifest = {
    name,
    private: true,
    type: "module",
    scripts: { start: "supervisor start" },
    dependencies: { supervisor: dependency },
  };
  return new Map([
    ["units/web.toml", WEB_UNIT],
    ["main.ts", MAIN],
    ["config/default.toml", CONFIG],
    ["package.json", `${JSON.stringify(manifest, null, 2)}\n`],
    [".gitignore", "node_modules\n.supervisor/\n"],
  ]);
}

const WEB_UNIT = `# The web service. The supervisor holds its listener: a reload hands it on, and no request fails.
[unit]
description = "web service"

[service]
type = "notify" # it says itself when it is ready
script = "main.ts"
restart = "always"

[socket.http]
listen_stream = "127.0.0.1:8080"

# Asked on the listener; during a reload only the new generation's own answer counts.
[probe.readiness]
listener = "http"
path = "/readyz"

[handover]
drain_sec = "30s" # how long requests in flight may take to end
`;

const MAIN = `import { processLife, serve } from "supervisor/kit";

const life = processLife();

const app = {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response(\`hello from process \${process.pid}\\n\`);
    if (pathname === "/readyz") return new Response("ready\\n", { status: life.isReady ? 200 : 503 });
    return new Response("not found\\n", { status: 404 });
  },
};

// Takes the listener that the supervisor lends; alone (\`bun main.ts\`) it binds this port.
await serve(app, { listener: "http", port: 8080 });
// From now on this generation counts.
life.ready();
`;

const CONFIG = `# Settings of the supervisor; config/local.toml wins over them.
[supervisor]
log_level = "info" # trace | debug | info | warn | error | fatal | silent
# auto_reload = true # take a change below units/ and config/ without \`supervisor config reload\`
`;
