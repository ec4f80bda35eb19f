import { literal } from "../template.ts";
import { lastOf, type Service } from "./service.ts";
import { lossOf } from "./service-keys.ts";
import { nameOf } from "./specifier.ts";
import type { Setting } from "./syntax.ts";

/** Says what `[Unit]` and `[Install]` say. `units`: the names that there are here. */
export function importRelations(service: Service, units: ReadonlySet<string>): void {
  const { draft, settings } = service;
  const description = lastOf(service, "Description");
  if (description !== undefined)
    draft.set("unit", "description", description.value.replaceAll("%i", service.name.instance ?? "").trim());
  for (const { value } of settings.get("Documentation") ?? []) draft.head.push(...value.split(/\s+/));
  const isInstalled = settings.has("WantedBy") || settings.has("RequiredBy");
  if (!isInstalled && draft.get("unit", "enabled") === undefined) {
    draft.set("unit", "enabled", false, "nothing installs it: it starts when another unit needs it, or by name");
  }
  for (const [key, found] of settings) {
    const ours = RELATIONS[key];
    const last = found.at(-1);
    if (ours !== undefined) relate(service, ours, found, units);
    else if (last?.section === "Unit" && !SILENT.has(key)) draft.lose(key, last, lossOf(key));
  }
}

const RELATIONS: Readonly<Record<string, string>> = {
  Requires: "requires",
  Requisite: "requires",
  Wants: "wants",
  BindsTo: "binds_to",
  After: "after",
  Before: "before",
  PartOf: "part_of",
  Conflicts: "conflicts",
};

const SILENT: ReadonlySet<string> = new Set([
  ...["Description", "Documentation", "DefaultDependencies", "StartLimitBurst", "StartLimitIntervalSec"],
  ...["StartLimitInterval", "SourcePath"],
]);

function relate({ draft, name }: Service, key: string, found: readonly Setting[], units: ReadonlySet<string>): void {
  const related: string[] = [];
  for (const setting of found) {
    for (const other of setting.value.split(/\s+/).filter((each) => each !== "")) {
      const known = other.endsWith(".service") || !other.includes(".") ? systemdName(other) : null;
      if (known !== null && units.has(known)) related.push(known);
      // Its own socket is a part of the unit.
      else if (other !== `${name.prefix}.socket`) draft.lose(setting.key, setting, lossOfRelation(other));
    }
  }
  if (related.length > 0) draft.set("unit", key, [...new Set(related)].map(literal));
}

function lossOfRelation(other: string): string {
  if (/^network.*\.target$/.test(other))
    return `${other}: the supervisor's own service starts once the network is there`;
  if (!other.endsWith(".service") && other.includes(".")) return `${other} is systemd's; only services are units here`;
  return `there is no unit ${systemdName(other)} here`;
}

/** What a service's unit is called here. Shape: `web@8080.service` → "web-8080"; `web@.service` → "web". */
export function systemdName(file: string): string {
  const { prefix, instance } = nameOf(/\.[a-z]+$/.test(file) ? file : `${file}.service`);
  const name = instance === null || instance === "" ? prefix : `${prefix}-${instance}`;
  return name.replace(/[^A-Za-z0-9:_.-]+/g, "-");
}
