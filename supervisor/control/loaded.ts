import type { Unit } from "../unit/unit.ts";

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** A unit as `GET /v1/units/:name/unit` serves it. */
export type LoadedUnit = JsonObject & Readonly<{ name: string; file: string; service: JsonObject }>;

/**
 * Gives a loaded unit as JSON: the keys of `Unit` in snake case, with their units in the name; `Infinity` is "infinity", as in the file.
 * Shape: `{ name: "api", service: { restart: "always", restart_ms: 100, environment: ["PORT"], … }, sockets: […], … }`.
 * Why: of `environment` only the names are told, sorted. Its values are where people keep what nobody else may read, and this answer ends up in bug reports.
 */
export function loadedUnit(unit: Unit): LoadedUnit {
  const { name, file, service, ...rest } = unit;
  const { environment, loadCredential, loadCredentialEncrypted, settings: _marks, ...settings } = service;
  const named = {
    environment: Object.keys(environment).sort(),
    // The user chose these keys, so they stay as they are.
    load_credential: loadCredential,
    load_credential_encrypted: loadCredentialEncrypted,
  };
  return { name, file, ...object(rest), service: { ...object(settings), ...named } };
}

function toJson(value: unknown): Json {
  if (value === Number.POSITIVE_INFINITY) return "infinity";
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "object" && value !== null) return object(value);
  return value as Json;
}

function object(from: object): JsonObject {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [snake(key), toJson(value)]));
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
