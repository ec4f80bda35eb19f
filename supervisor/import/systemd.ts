import { Draft, type Here, type Imported, place, type Source, unitName } from "./draft.ts";
import { importRelations, systemdName } from "./systemd/relations.ts";
import { importService, type Settings } from "./systemd/service.ts";
import { importSocket } from "./systemd/socket.ts";
import { nameOf } from "./systemd/specifier.ts";
import { readSettings, type Setting } from "./systemd/syntax.ts";

/**
 * Makes a unit of a `.service`, with its drop-ins and with the `.socket` that lies beside it.
 * Shape: `web.service`, `web.service.d/limits.conf`, `web.socket` → one unit web with a [socket.web].
 * Source: systemd.unit(5), systemd.service(5), systemd.socket(5), 257.
 */
export function importSystemd(main: Source, beside: readonly Source[], here: Here): Imported {
  const isSocket = ({ file }: Source): boolean => file.endsWith(".socket");
  const dropIns = beside.filter((source) => !isSocket(source));
  const settings = [main, ...dropIns].flatMap(readSettings);
  const draft = new Draft(unitName(systemdName(main.file), here.taken), main.file);
  const name = nameOf(main.file);
  if (!settings.some(({ key }) => key === "ExecStart" || key === "ExecStop")) {
    const why = "no unit: nothing is started here; of a drop-in, import the service that it is for";
    return { drafts: [], remarks: [{ tag: "lost", at: place(main.file, "ExecStart", 1), why }] };
  }
  const service = { draft, name, settings: effective(settings) };
  importService(service);
  importRelations(service, here.units);
  for (const socket of beside.filter(isSocket)) importSocket(draft, socket);
  if (name.instance === "") {
    draft.change(
      "%i",
      undefined,
      "a template of systemd is started under any name; here instances are numbered: `instances`, and %i is the number",
    );
  }
  return { drafts: [draft], remarks: draft.remarks };
}

/** Source: systemd.syntax(7): assigning the empty string resets the list. */
function effective(settings: readonly Setting[]): Settings {
  const found = new Map<string, Setting[]>();
  for (const setting of settings) {
    if (setting.value === "") found.delete(setting.key);
    else found.set(setting.key, [...(found.get(setting.key) ?? []), setting]);
  }
  return found;
}
