import type { Case } from "../../support/case.ts";
import { acceptorCases } from "./acceptor.ts";
import { clockCases } from "./clock.ts";
import { containmentCases } from "./containment.ts";
import { credentialCases } from "./credentials.ts";
import { doubtCases } from "./doubt.ts";
import { encryptedCredentialCases } from "./encrypted-credentials.ts";
import { famineCases } from "./famine.ts";
import { groupCases } from "./groups.ts";
import { haltSignalCases } from "./halt-signal.ts";
import { listenerCases } from "./listener.ts";
import { managerCases } from "./manager.ts";
import { notifyCases } from "./notify.ts";
import { notifyFuzzCases } from "./notify-fuzz.ts";
import { pipesCases } from "./pipes.ts";
import { privateListenerCases } from "./private-listener.ts";
import { privilegeCases } from "./privileges.ts";
import { processCases } from "./process.ts";
import { realProgramCases } from "./real-programs.ts";
import { reuseCases } from "./reuse.ts";
import { serveCases } from "./serve.ts";
import { storeCases } from "./store.ts";
import { successorCases } from "./successor.ts";
import { treeCases } from "./tree.ts";
import { witnessCases } from "./witness.ts";

/** Every promise of this folder that a runtime could break. */
export const cases: readonly Case[] = [
  ...clockCases,
  ...pipesCases,
  ...processCases,
  ...treeCases,
  ...containmentCases,
  ...doubtCases,
  ...groupCases,
  ...privilegeCases,
  ...notifyCases,
  ...notifyFuzzCases,
  ...storeCases,
  ...realProgramCases,
  ...listenerCases,
  ...privateListenerCases,
  ...credentialCases,
  ...encryptedCredentialCases,
  ...serveCases,
  ...acceptorCases,
  ...haltSignalCases,
  ...famineCases,
  ...reuseCases,
  ...witnessCases,
  ...successorCases,
  ...managerCases,
];
