import { type Reach, type Row, reaches } from "./reach.ts";
import { isSame } from "./same.ts";
import type { ReadSettings, Socket, Unit } from "./unit.ts";

/** One key in which two definitions of a unit differ. Shape: `{ key: "service.environment.PORT", reach: "process" }`. */
export type ChangedKey = Readonly<{ key: string; reach: Reach }>;

/**
 * Names every key in which two definitions of a unit differ, as a file would write it, in the order of the manual.
 * A whole socket or probe that is there or gone is one key (`socket.http`), and so is another order of the sockets (`socket`).
 * `release`, which stands in no file, is a key as well: what runs from another release is another program.
 */
export function changedKeys(before: Unit, after: Unit): readonly ChangedKey[] {
  return [
    ...(before.release === after.release ? [] : [{ key: "release", reach: "process" } as const]),
    ...rowsOf("unit", reaches.unit, before, after),
    ...rowsOf("service", reaches.service, before.service, after.service),
    ...settingKeys(before.service.settings, after.service.settings),
    ...socketKeys(before.sockets, after.sockets),
    ...probeKeys(before.probes, after.probes),
    ...rowsOf("handover", reaches.handover, before, after),
    ...rowsOf("output", reaches.output, before, after),
  ];
}

/** Who has not read a section before reads it with its next process. Shape: `config.api.port`. */
function settingKeys(before: ReadSettings, after: ReadSettings): readonly ChangedKey[] {
  return Object.entries(after).flatMap(([name, { mark, live }]): readonly ChangedKey[] => {
    const old = before[name];
    return old === undefined || old.mark === mark ? [] : [{ key: `config.${name}`, reach: live ? "told" : "process" }];
  });
}

function rowsOf<T>(path: string, rows: Readonly<Record<string, Row<T>>>, before: T, after: T): readonly ChangedKey[] {
  return Object.entries(rows).flatMap(([name, { reach, of }]) => {
    const [old, now] = [of(before), of(after)];
    const inner = named.has(`${path}.${name}`) ? namesOf(old, now) : [];
    if (inner.length > 0) return inner.map((each) => ({ key: `${path}.${name}.${each}`, reach }));
    return isSame(old, now) ? [] : [{ key: `${path}.${name}`, reach }];
  });
}

/** Keys whose values are tables of names that the user chose. */
const named: ReadonlySet<string> = new Set(
  ["environment", "load_credential", "load_credential_encrypted"].map((key) => `service.${key}`),
);

/** The names at which two tables differ. */
function namesOf(before: unknown, after: unknown): readonly string[] {
  const [old, now] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const names = new Set([...Object.keys(old), ...Object.keys(now)]);
  return [...names].filter((name) => !isSame(old[name], now[name])).sort();
}

function socketKeys(before: readonly Socket[], after: readonly Socket[]): readonly ChangedKey[] {
  const find = (all: readonly Socket[], name: string) => all.find((one) => one.name === name);
  const names = new Set([...before, ...after].map(({ name }) => name));
  const keys = [...names].flatMap((name): readonly ChangedKey[] => {
    const [old, now] = [find(before, name), find(after, name)];
    if (!old || !now) return [{ key: `socket.${name}`, reach: "listener" }];
    return rowsOf(`socket.${name}`, reaches["socket.*"], old, now);
  });
  const kept = (all: readonly Socket[]) =>
    all.map(({ name }) => name).filter((name) => find(before, name) && find(after, name));
  return isSame(kept(before), kept(after)) ? keys : [{ key: "socket", reach: "process" }, ...keys];
}

function probeKeys(before: Unit["probes"], after: Unit["probes"]): readonly ChangedKey[] {
  return (["startup", "readiness", "liveness"] as const).flatMap((kind): readonly ChangedKey[] => {
    const [old, now] = [before[kind], after[kind]];
    if (old && now) return rowsOf(`probe.${kind}`, reaches["probe.*"], old, now);
    return old || now ? [{ key: `probe.${kind}`, reach: "live" }] : [];
  });
}
