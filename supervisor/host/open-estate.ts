import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createLedger } from "./ledger.ts";
import { createParking, type Parcel } from "./parking.ts";
import type { Past } from "./past.ts";
import type { Reactor } from "./reactor.ts";
import { createStateFile } from "./state-file.ts";

export type EstateOptions = Readonly<{
  places: Readonly<{ lives: string; parked: string; state: string }>;
  runtimeDir: string;
  environ: NodeJS.ProcessEnv;
  past: ReadonlyMap<string, Past>;
  parcels: ReadonlyMap<string, Parcel>;
  reactor: Reactor;
}>;

/** Everything that the next supervisor gets should this one be killed. */
export function openEstate({ places, runtimeDir, environ, past, parcels, reactor }: EstateOptions) {
  const stateFile = createStateFile(places.state);
  const lives = createStateFile(places.lives);
  const entries = [...past.values()].map(({ entry }) => entry);
  let noteIt: (text: string) => void = () => undefined;
  const parking = createParking({ file: places.parked, environ, reactor, note: (text) => noteIt(text) });
  sweepSockets(runtimeDir, past);
  return {
    stateFile,
    parking,
    /** The part of the processes. */
    of: (note: (text: string) => void) => {
      noteIt = note;
      return { ledger: createLedger({ file: lives, entries, note }), parking, past, parcels };
    },
    /** All has ended in order. */
    leaveNothing: () => {
      parking.close();
      lives.remove();
      stateFile.remove();
    },
  };
}

/** Removes the sockets of invocations that nobody goes on with. Shape of a name: `<invocation>.notify`. */
function sweepSockets(runtimeDir: string, past: EstateOptions["past"]): void {
  for (const name of namesIn(runtimeDir)) {
    if (!past.has(name.slice(0, name.lastIndexOf(".")))) rmSync(join(runtimeDir, name), { force: true });
  }
}

/** The names in a directory; none of one that is not there. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // There never was one, or it has just been removed.
    return [];
  }
}
