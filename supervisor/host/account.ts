import { readFileSync } from "node:fs";

/**
 * The number of a user or group by name or by number; null when there is none such.
 * Shape: `(“/etc/passwd”, "www-data")` → 33; `"33"` → 33.
 * Source: passwd(5), group(5): both have the name in the first field and the number in the third.
 */
export function accountId(database: "/etc/passwd" | "/etc/group", name: string): number | null {
  if (/^\d+$/.test(name)) return Number(name);
  for (const line of readFileSync(database, "utf8").split("\n")) {
    const [entry, , id] = line.split(":");
    if (entry === name && id !== undefined) return Number(id);
  }
  return null;
}
