import { userInfo } from "node:os";
import process from "node:process";

/** The header in which a client says who gives an order. Shape of its value: JSON, percent-encoded. */
export const giverHeader = "x-supervisor-client";

const longestCommand = 300;

/** What this process says of itself: who runs it, and what was typed. */
export function introduce(): Readonly<Record<string, string>> {
  const command = [...["supervisor", ...process.argv.slice(2)].join(" ")].slice(0, longestCommand).join("");
  const said = { user: userName(), uid: process.getuid?.() ?? null, pid: process.pid, command };
  return { [giverHeader]: encodeURIComponent(JSON.stringify(said)) };
}

function userName(): string | null {
  try {
    return userInfo().username;
  } catch {
    // A user that no database knows has no name.
    return null;
  }
}
