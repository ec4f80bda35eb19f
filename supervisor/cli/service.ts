import { join } from "node:path";
import type { Generated } from "../generate/generated.ts";
import { DAEMON_SERVICE } from "../generate/systemd/daemon.ts";
import { isSandboxed } from "../generate/systemd/sandbox.ts";
import { generateSystemd } from "../generate/systemd.ts";
import { readRoot } from "../host/unit-files.ts";
import { faultLine } from "../unit/fault.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { toOptions } from "./generate/systemd.ts";
import { ask, perform, stepLine } from "./service/perform.ts";
import { absence, installedIn, type Place, placeOf } from "./service/place.ts";
import { installPlan, type Plan, rootOf, systemctl, uninstallPlan } from "./service/plan.ts";

/** `supervisor service install|uninstall|status [--user] [--sandbox] [--dry-run]`: the supervisor as a service of systemd. */
export async function run(context: Asked): Promise<number> {
  const { args, flags, err } = context;
  const [order = ""] = args;
  const place = placeOf(flags.user === true, process.env);
  if (!["install", "uninstall", "status"].includes(order)) {
    err(`service: must be install, uninstall or status, got '${order}'`);
    return exit.usage;
  }
  const absent = flags["dry-run"] === true ? null : absence(place, process.env);
  if (absent !== null) {
    err(`service ${order}: ${absent}`);
    return exit.failed;
  }
  if (order === "status") return tellStatus(context, place);
  if (order === "uninstall") return follow(context, uninstallPlan(context.root, installedIn(place), place));
  return install(context, place);
}

/** What this verb uses of its context. */
type Asked = Pick<
  Context,
  "root" | "stateDir" | "args" | "flags" | "json" | "quiet" | "out" | "err" | "timeoutMs" | "client"
>;

async function install(context: Asked, place: Place): Promise<number> {
  const { flags, quiet, err } = context;
  const generated = await filesFor(context, place);
  if (generated === null) return exit.invalid;
  if (!quiet) for (const { unit, key, why } of generated.losses) err(`${unit}: ${key}: ${why}`);
  const plan = installPlan(generated.files, installedIn(place), place);
  if (flags["dry-run"] === true || plan.tag === "refused") return follow(context, plan);
  const isActive = ask(systemctl(place, "is-active", DAEMON_SERVICE)) === "active";
  const reply = isActive ? null : await context.client().status();
  if (reply?.tag === "ok") {
    err(`service install: a supervisor runs here already (pid ${reply.value.supervisor.pid}); first: supervisor stop`);
    return exit.failed;
  }
  const code = follow(context, plan);
  if (code !== exit.done || quiet) return code;
  if (isActive) err(`service install: it ran already; ${lineOf(place, "restart")} takes what is new`);
  if (place.isUser) err("service install: it starts when you log in; loginctl enable-linger: with the machine");
  return code;
}

/** Once confined it stays so until it is uninstalled: nobody is to lose that by a flag that was forgotten. */
async function filesFor({ root, stateDir, flags, err }: Asked, place: Place): Promise<Generated | null> {
  const { files, faults } = readRoot(root);
  const { readUnits } = await import("../unit/set.ts");
  const units = readUnits(files, { unread: faults });
  const installed = installedIn(place).get(DAEMON_SERVICE);
  const sandbox = flags.sandbox === true || (installed !== undefined && isSandboxed(installed));
  const options = toOptions({ root, stateDir, flags: sandbox ? { sandbox } : {} });
  if (units.ok && typeof options !== "string")
    return generateSystemd(units.value, { ...options, isUser: place.isUser });
  if (!units.ok) for (const fault of units.faults) err(faultLine(fault));
  return null;
}

/** Does the steps one after the other, each said before it is done; a dry run says them, and what would be written. */
function follow({ args, flags, json, quiet, out, err, timeoutMs }: Asked, plan: Plan): number {
  const name = `service ${args[0]}`;
  if (plan.tag === "refused") {
    err(`${name}: ${plan.message}`);
    return exit.failed;
  }
  const isDry = flags["dry-run"] === true;
  if (json) out(`${JSON.stringify({ steps: plan.steps }, null, 2)}\n`);
  for (const step of plan.steps) {
    if (!json && (isDry || !quiet)) out(`${stepLine(step)}\n`);
    if (!json && isDry && step.tag === "write") out(`${step.text.replace(/^(?=.)/gm, "    ")}\n`);
    const failure = isDry ? null : perform(step, timeoutMs ?? LIMIT_MS);
    if (failure === null) continue;
    err(`${name}: ${failure.message}`);
    return failure.isLate ? exit.timedOut : exit.failed;
  }
  return exit.done;
}

/** A start waits until the units are up. */
const LIMIT_MS = 600_000;

/** As systemctl: done when it is active, 3 when not, 4 when it is not installed. */
async function tellStatus(context: Asked, place: Place): Promise<number> {
  const { root, json, out, err } = context;
  const installed = installedIn(place);
  const service = installed.get(DAEMON_SERVICE);
  const owner = service === undefined ? null : rootOf(service);
  if (service === undefined || owner !== root) {
    err(`service status: it is not installed${owner === null ? "" : ` for this root, but for ${owner}`}`);
    return exit.unknownToQuery;
  }
  const fresh = await filesFor(context, place);
  if (fresh === null) return exit.invalid;
  const told = {
    file: join(place.folder, DAEMON_SERVICE),
    up_to_date: [...fresh.files].every(([name, text]) => installed.get(name) === text),
    enabled: ask(systemctl(place, "is-enabled", DAEMON_SERVICE)),
    active: ask(systemctl(place, "is-active", DAEMON_SERVICE)),
  };
  if (json) out(`${JSON.stringify(told, null, 2)}\n`);
  else out(`${told.file}: ${told.enabled}, ${told.active}\n`);
  if (!told.up_to_date) err("service status: the units have changed since; supervisor service install writes it anew");
  return told.active === "active" ? exit.done : exit.notActive;
}

function lineOf(place: Place, verb: string): string {
  return stepLine(systemctl(place, verb, DAEMON_SERVICE));
}
