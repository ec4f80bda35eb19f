import type { Order } from "../daemon/ports.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import { named, type Way } from "./course.ts";
import { lastGood } from "./keep.ts";
import { badContent, type Ledger, markOf } from "./ledger.ts";
import type { Manifest } from "./manifest.ts";

export type Wish = Extract<Order, { tag: "deploy" | "rollback" }>;

/** What there is to choose from. */
export type Choice = Readonly<{
  ledger: Ledger;
  list: () => readonly Manifest[];
  find: (release: string) => Manifest | null;
}>;

type Chosen = Readonly<{ release: string | null; manifest: Manifest | null; isProved: boolean }>;

/** What an order comes to. Errors: release-unknown, release-bad. */
export function chooseWay(order: Wish, choice: Choice): Outcome<Way> {
  const chosen = order.tag === "deploy" ? toDeploy(order, choice) : toGoBack(order.release, choice);
  if (!chosen.ok) return chosen;
  const { release: to, manifest, isProved } = chosen.value;
  const { current: from, proving: interrupted } = choice.ledger;
  const proof = isProved || !manifest ? null : { hash: manifest.hash, back: interrupted?.back ?? from };
  return ok({ to, from, order: `${order.tag} ${named(to)}`, proof, interrupted });
}

/** Refused while that goes on. */
export function busy({ order }: Way): Fault {
  return { code: "release-busy", message: `${order} is under way; wait for its end`, retry: "later" };
}

function toDeploy(
  { release, insist }: Readonly<{ release: string; insist: boolean }>,
  choice: Choice,
): Outcome<Chosen> {
  const manifest = choice.find(release);
  if (!manifest) return fail(unknown(release));
  const bad = badContent(choice.ledger, manifest.hash);
  if (bad && !insist) return fail(known(release, bad));
  return ok({ release, manifest, isProved: markOf(choice.ledger, release)?.state === "good" });
}

function toGoBack(release: string | null, choice: Choice): Outcome<Chosen> {
  if (release !== null) return toDeploy({ release, insist: true }, choice);
  const { current, proving } = choice.ledger;
  if (proving) return ok({ release: proving.back, manifest: null, isProved: true });
  const others = choice
    .list()
    .map(({ id }) => id)
    .filter((id) => id !== current);
  const good = lastGood(choice.ledger, others);
  return good === null ? fail(nowhere) : ok({ release: good, manifest: null, isProved: true });
}

function unknown(release: string): Fault {
  return { code: "release-unknown", message: `there is no release '${release}'`, retry: "never" };
}

function known(release: string, { at, reason }: Readonly<{ at: string; reason: string | null }>): Fault {
  const message = `${release} was tried at ${at} and taken back: ${reason ?? "it was bad"}; --insist takes it all the same`;
  return { code: "release-bad", message, retry: "never" };
}

const nowhere: Fault = {
  code: "release-unknown",
  message: "there is no other release that has proved itself; name one",
  retry: "never",
};
