import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { bytes } from "../render/bytes.ts";
import { canMakeIn } from "./can-make.ts";
import { bad, type Finding, warn, well } from "./finding.ts";

const LONGEST_SOCKET_PATH_BYTES = 107;
const SCARCE_BYTES = 100 * 1024 * 1024;
const EXHAUSTED_BYTES = 10 * 1024 * 1024;

/** Looks whether the state directory can be used: who may, how much room there is, and whether a socket's path fits. */
export function checkStateDirectory(stateDir: string): readonly Finding[] {
  const place = existing(stateDir);
  return [mode(stateDir, place), room(place), length(stateDir)];
}

/** The directory, or the nearest one above it that is there: where it will be made. */
function existing(path: string): string {
  return existsSync(path) ? path : existing(dirname(path));
}

function mode(stateDir: string, place: string): Finding {
  const check = "state directory";
  if (statSync(place).isDirectory() && !canMakeIn(place)) {
    const fix = "chown it to the user that runs the supervisor, or choose another --state";
    return bad(check, `${place} cannot be written`, fix);
  }
  if (place !== stateDir) return well(check, `${stateDir} is not there and can be made`);
  const stat = statSync(stateDir);
  if (!stat.isDirectory()) return bad(check, `${stateDir} is no directory`, "move it away, or choose another --state");
  const shown = `0${(stat.mode & 0o777).toString(8)}`;
  // Whoever may only pass sees nothing: users of services do where something is deployed.
  if ((stat.mode & 0o066) === 0) return well(check, `${stateDir} is writable, mode ${shown}`);
  return warn(check, `${stateDir} has mode ${shown}: others may look into it`, `chmod 700 ${stateDir}`);
}

function room(place: string): Finding {
  const check = "free space";
  const { bavail, bsize, files, ffree } = statfsSync(place);
  const free = bavail * bsize;
  // A file system that has no such limit says 0 of 0.
  const hasNoFile = files > 0 && ffree === 0;
  const detail = hasNoFile ? `no file can be made any more in ${place}` : `${bytes(free)} free in ${place}`;
  const fix = "make room, lower [output] max_size and max_files, or choose another --state";
  if (hasNoFile || free < EXHAUSTED_BYTES) return bad(check, detail, fix);
  return free < SCARCE_BYTES ? warn(check, detail, fix) : well(check, detail);
}

function length(stateDir: string): Finding {
  const path = join(stateDir, "control.sock");
  const sizeBytes = Buffer.byteLength(path);
  const detail = `${path} has ${sizeBytes} bytes, a socket's path may have ${LONGEST_SOCKET_PATH_BYTES}`;
  if (sizeBytes <= LONGEST_SOCKET_PATH_BYTES) return well("path length", detail);
  return bad("path length", detail, "choose a shorter --state, below /run for example");
}
