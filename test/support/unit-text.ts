import { fileURLToPath } from "node:url";
import type { RuntimeName } from "./root.ts";

/** Where a service program of the tests lies. Shape: `program("api.ts")` → `/…/test/support/services/api.ts`. */
export const program = (name: string) => fileURLToPath(new URL(`./services/${name}`, import.meta.url));

/** Sections and keys of a unit file, each with its value as TOML. Shape: `{ service: { restart: '"no"' } }`. */
export type Sections = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The unit file of the scenarios' API; `more` adds keys and replaces those that stand here. */
export function apiUnit(runtime: RuntimeName, more: Sections = {}): string {
  return unitText({
    unit: { description: '"HTTP API"', ...more.unit },
    service: {
      type: '"notify"',
      script: JSON.stringify(program("api.ts")),
      runtime: JSON.stringify(runtime),
      restart: '"always"',
      restart_sec: '"50ms"',
      timeout_start_sec: '"20s"',
      timeout_stop_sec: '"10s"',
      ...more.service,
    },
    "socket.http": { listen_stream: '"127.0.0.1:0"', backlog: "4096", ...more["socket.http"] },
    handover: { soak_sec: '"200ms"', drain_sec: '"15s"', ...more.handover },
  });
}

/** The unit file of one service of a group, see `member.ts`. */
export function memberUnit(runtime: RuntimeName, name: string, unit: Sections[string] = {}): string {
  return unitText({
    unit,
    service: {
      type: '"notify"',
      script: JSON.stringify(program("member.ts")),
      args: JSON.stringify([name]),
      runtime: JSON.stringify(runtime),
    },
  });
}

/** The unit file of the bundled API or worker, which is on its own runtime and told by `settings` what its configuration is. */
export function bundledUnit(
  runtime: RuntimeName,
  mode: "api" | "worker",
  settings: readonly string[],
  more: Sections = {},
): string {
  const args = JSON.stringify(["run", mode, ...settings.flatMap((setting) => ["--set", setting])]);
  return unitText({
    ...more,
    service: {
      type: '"notify"',
      script: JSON.stringify(fileURLToPath(new URL("../../services/main.ts", import.meta.url))),
      args,
      runtime: JSON.stringify(runtime),
      ...more.service,
    },
    ...(mode === "api" && { "socket.http": { listen_stream: '"127.0.0.1:0"' } }),
    handover: { soak_sec: '"100ms"', ...more.handover },
  });
}

/** Says READY=1 in a shell line, where the unit's type is notify. */
export const SAY_READY = `perl -MSocket -e 'socket(S,PF_UNIX,SOCK_DGRAM,0);send(S,"READY=1",0,sockaddr_un($ENV{NOTIFY_SOCKET}))'`;

/** The unit file of a shell line. */
export function shellUnit(line: string, more: Sections = {}): string {
  return unitText({
    ...more,
    service: { type: '"simple"', exec_start: JSON.stringify(["/bin/sh", "-c", line]), ...more.service },
  });
}

function unitText(sections: Sections): string {
  return Object.entries(sections)
    .map(
      ([name, keys]) =>
        `[${name}]\n${Object.entries(keys)
          .map(([key, value]) => `${key} = ${value}\n`)
          .join("")}`,
    )
    .join("\n");
}
