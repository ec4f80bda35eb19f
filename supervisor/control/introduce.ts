import { readFileSync } from "node:fs";
import process from "node:process";

/** The header in which a client says who gives an order. Shape of its value: JSON, percent-encoded. */
export const giverHeader = "x-supervisor-client";

const longestCommand = 300;

/** What this process says of itself: who runs it, and what was typed. */
export function introduce(): Readonly<Record<string, string>> {
  const command = [...["supervisor", ...process.argv.slice(2)].join(" ")].slice(0, longestCommand).join("");
  const uid = process.getuid?.() ?? null;
  const said = { user: userName(uid), uid, pid: process.pid, command };
  return { [giverHeader]: encodeURIComponent(JSON.stringify(said)) };
}

/** Why not `userInfo` of node:os: on Bun it says what $USER says, and "unknown" without that. Source: passwd(5). */
export function userName(uid: number | null): string | null {
  try {
    const accounts = readFileSync("/etc/passwd", "utf8").split("\n");
    return accounts.map((line) => line.split(":")).find(([, , id]) => id === String(uid))?.[0] ?? null;
  } catch {
    // Without the file nobody has a name.
    return null;
  }
}
