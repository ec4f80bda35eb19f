import { renameSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Root, RootOrder, RuntimeName } from "../../test/support/root.ts";
import { shellUnit } from "../../test/support/unit-text.ts";

const BIN = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));
const SERVICE = fileURLToPath(new URL("../services/generation.ts", import.meta.url));

const runs = {
  bun: `${BIN}/bun --no-install`,
  deno: `${BIN}/deno run -A --quiet`,
} as const satisfies Readonly<Record<RuntimeName, string>>;

/** The unit file of `services/generation.ts`, started by way of a link, which can be made one that leads nowhere. */
export function unitText(unit: RuntimeName, version: number): string {
  return shellUnit("", {
    service: {
      type: '"notify"',
      exec_start: `["%r/programs/${unit}", "programs/${unit}.sh"]`,
      environment: `{ VERSION = "${version}" }`,
      restart: '"always"',
      restart_sec: '"50ms"',
      start_limit_burst: "0",
      timeout_start_sec: '"3s"',
      timeout_stop_sec: '"10s"',
    },
    "socket.http": { listen_stream: '"127.0.0.1:0"', backlog: "4096" },
    handover: { soak_sec: '"300ms"', drain_sec: '"3s"' },
  });
}

/** What a root needs for these units. */
export function rootOf(units: readonly RuntimeName[]): Pick<RootOrder, "units" | "files" | "links"> {
  return {
    units: Object.fromEntries(units.map((unit) => [`${unit}.toml`, unitText(unit, 0)])),
    files: Object.fromEntries(units.map((unit) => [`programs/${unit}.sh`, `exec ${runs[unit]} ${SERVICE}\n`])),
    links: Object.fromEntries(units.map((unit) => [`programs/${unit}`, "/bin/sh"])),
  };
}

/** Makes the unit's program one that is there, or one that is not, in one step. */
export function putProgram({ path }: Pick<Root, "path">, unit: string, isThere: boolean): void {
  const link = `${path}/programs/${unit}`;
  symlinkSync(isThere ? "/bin/sh" : "/no/such/program", `${link}.new`);
  renameSync(`${link}.new`, link);
}
