import type { Logger } from "pino";
import { type LoadOrder, loadSection } from "../../config/load.ts";
import { reportFaults } from "../../config/report.ts";
import type { Section } from "../../config/schema.ts";
import type { Life } from "../kit/life.ts";
import { ConfigFault } from "./config-fault.ts";
import { Doors } from "./doors.ts";
import type { Given, Module, ModuleContext } from "./module.ts";

/** All that a module is given by its surroundings, from its first copy to its last. */
export interface Outfit {
  /** Errors: throws ConfigFault when its section of `config/` is not valid. */
  equip(module: Module, own: Pick<ModuleContext, "signal" | "quota">): Equipment;
  /** There will be no other copy, for now. */
  close(): Promise<void>;
}

/** What one copy is given. */
export type Equipment = Readonly<{
  given: Given;
  /** It is the one that works from now on. */
  takeOver(): void;
  /** Resolves when whatever was asked of it is answered. `isFollowed`: another copy will come. */
  leave(isFollowed: boolean): Promise<void>;
}>;

/** What every module of one process shares. */
export type Stock = Readonly<{
  /** Where `config/` is. */
  order: LoadOrder;
  log: Logger;
  life: Life;
}>;

/** Makes what the module of this name is given. */
export function createOutfit(name: string, { order, log, life }: Stock): Outfit {
  const doors = new Doors(life);
  const ours = log.child({ module: name });
  return {
    equip(module, { signal, quota }) {
      const visit = doors.visit(quota);
      const config = module.config && sectionOf(order, name, module.config);
      const listen: Given["listen"] = (app, place) => visit.listen(app, place);
      const listenPrivately: Given["listenPrivately"] = (app) => visit.listenPrivately(app);
      const given = { config, log: ours, life: lifeOf(life, signal), listen, listenPrivately };
      const takeOver = (): void => {
        visit.takeOver();
        void doors.closeDeserted();
      };
      return { given, takeOver, leave: (isFollowed) => visit.leave(isFollowed) };
    },
    close: () => doors.close(),
  };
}

function sectionOf(order: LoadOrder, name: string, section: Section): unknown {
  const loaded = loadSection(order, name, section);
  if (!loaded.ok) throw new ConfigFault(reportFaults(loaded.faults));
  return loaded.value;
}

/** The same life, but its drain begins with the end of the copy, too. */
function lifeOf(life: Life, signal: AbortSignal): Life {
  const draining = AbortSignal.any([life.draining, signal]);
  return {
    draining,
    get isReady() {
      return life.isReady;
    },
    onDrain: (finish) => life.onDrain(finish),
    onReady: (begin) => life.onReady(begin),
    ready: (status) => life.ready(status),
    status: (text) => life.status(text),
  };
}
