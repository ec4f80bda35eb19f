import { LOST_IN_CONTAINERS, type LostKey } from "../container/lost.ts";

/** What Compose has no word for. */
export const LOST_IN_COMPOSE: readonly LostKey[] = [
  ...LOST_IN_CONTAINERS,
  [
    "service.exec_start_pre",
    ({ service }) => service.execStartPre,
    "there is no command before the start: make a service of it that is required",
  ],
  [
    "service.reload_mode",
    ({ service }) => service.reloadMode,
    "`docker compose up` ends the old container before it starts the new one",
  ],
  [
    "service.load_credential_encrypted",
    ({ service }) => service.loadCredentialEncrypted,
    "left out: nobody decrypts it; make a file of what it says, and a secret of that",
  ],
  ["handover.soak_sec", ({ handover }) => handover.soakMs, "nobody looks whether the new container stays well"],
];
