import type { Status } from "../../supervisor/unit/status.ts";
import { askControl } from "../../test/support/control.ts";
import type { Root } from "../../test/support/root.ts";

/** Null: nobody answers, or whoever did died over it. */
export async function statusOf({ controlPath }: Pick<Root, "controlPath">): Promise<Status | null> {
  const reply = await askControl(controlPath, "/v1/status");
  return reply?.status === 200 ? (JSON.parse(reply.body) as Status) : null;
}
