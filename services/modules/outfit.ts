import type { Logger } from "pino";
import { type Loaded, type LoadOrder, loadSection, sectionOf } from "../../config/load.ts";
import { reportFaults } from "../../config/report.ts";
import type { Section } from "../../config/schema.ts";
import type { LiveConfig } from "../kit/config.ts";
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
  /** Tells when it says something else. */
  config: Pick<LiveConfig<Loaded>, "on">;
  log: Logger;
  life: Life;
}>;

/** Makes what the module of this name is given. */
export function createOutfit(name: string, { order, config: live, log, life }: Stock): Outfit {
  const doors = new Doors(life);
  const ours = log.child({ module: name });
  // A child keeps the level that its parent had when it was made.
  live.on("change", ({ config }) => {
    ours.level = config.telemetry.log_level;
  });
  return {
    equip(module, { signal, quota }) {
      const visit = doors.visit(quota);
      const config = module.config && readSection(order, name, module.config);
      const onConfig: Given["onConfig"] = (apply) => {
        const hear = ({ keys }: Loaded): void => apply(module.config && valid(sectionOf(keys, name, module.config)));
        const forget = live.on("change", hear);
        signal.addEventListener("abort", forget, { once: true });
      };
      const listen: Given["listen"] = (app, place) => visit.listen(app, place);
      const listenPrivately: Given["listenPrivately"] = (app) => visit.listenPrivately(app);
      const given = { config, onConfig, log: ours, life: lifeOf(life, signal), listen, listenPrivately };
      const takeOver = (): void => {
        visit.takeOver();
        void doors.closeDeserted();
      };
      return { given, takeOver, leave: (isFollowed) => visit.leave(isFollowed) };
    },
    close: () => doors.close(),
  };
}

function readSection(order: LoadOrder, name: string, section: Section): unknown {
  return valid(loadSection(order, name, section));
}

function valid(read: ReturnType<typeof loadSection>): unknown {
  if (!read.ok) throw new ConfigFault(reportFaults(read.faults));
  return read.value;
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
