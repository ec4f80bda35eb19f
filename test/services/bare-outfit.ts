import pino from "pino";
import type { Outfit } from "../../services/modules/outfit.ts";
import { testLife } from "./lives.ts";

/** What a module is given where nobody listens, logs or is configured. `noted` hears what the host does with it. */
export function bareOutfit(name: string, noted: (what: string) => void = () => undefined): Outfit {
  const nowhere = async (): Promise<never> => {
    throw new Error("there are no listeners here");
  };
  const { life } = testLife();
  const log = pino({ enabled: false });
  return {
    equip: () => ({
      given: { config: undefined, onConfig: () => undefined, log, life, listen: nowhere, listenPrivately: nowhere },
      takeOver: () => noted(`${name} takes over`),
      leave: async (isFollowed) => noted(`${name} leaves${isFollowed ? ", and is followed" : ""}`),
    }),
    close: async () => noted(`${name} closes`),
  };
}
