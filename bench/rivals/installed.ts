import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** What is missing of these commands, in words; null when all are on the PATH. */
export function missingOf(...commands: readonly string[]): string | null {
  const absent = commands.filter((command) => !isInstalled(command));
  return absent.length === 0 ? null : `${absent.join(", ")} not installed`;
}

function isInstalled(command: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
