import { connect, type Socket } from "node:net";
import type { InvocationId } from "../core/facts.ts";
import type { PrivateListeners, Question } from "../daemon/ports.ts";
import type { FindAcceptor } from "./acceptor.ts";
import { exchange, type Heard } from "./exchange.ts";
import { type Asking, type Finding, failed } from "./finding.ts";
import { get } from "./get.ts";
import { pause } from "./pause.ts";
import { placesOf } from "./place.ts";
import { requestHead } from "./request.ts";
import { askShared } from "./shared-listener.ts";

export type ListenersOptions = Readonly<{
  version: string;
  privates: Pick<PrivateListeners, "of">;
  findAcceptor: FindAcceptor;
}>;

type Way = "private" | "shared";
type Ask = Extract<Question["ask"], { tag: "listener" }>;

/** Lives whose way is remembered; a life that is forgotten too early is asked both ways once more. */
const MOST_REMEMBERED = 1024;

/**
 * Asks one life and no other: over its private listener, or over the unit's own, where only its own answer counts.
 *
 * Nothing says beforehand whether a process accepts on the private one, since the kernel lets everybody connect to a queue.
 * So that is asked first; when nothing came of it within half of the time limit, the other is asked beside it. The way that
 * answered is remembered.
 */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #ways = new Map<InvocationId, Way>();

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  async ask(question: Question, ask: Ask, asking: Asking): Promise<Finding> {
    const { invocation } = question;
    const path = this.#options.privates.of(invocation)?.path;
    const way = this.#ways.get(invocation);
    if (path === undefined || way === "shared") return this.#overShared(question, ask, asking);
    if (way === "private" || ask.address === null) return this.#overPrivate(question, ask, { path, asking });
    return this.#overBoth(question, ask, { path, asking });
  }

  forget(invocation: InvocationId): void {
    this.#ways.delete(invocation);
  }

  async #overBoth(question: Question, ask: Ask, { path, asking }: Aside): Promise<Finding> {
    const { invocation, timeoutMs } = question;
    const decided = new AbortController();
    const each = { ...asking, signal: AbortSignal.any([asking.signal, decided.signal]) };
    const aside = this.#overPrivate(question, ask, { path, asking: each });
    await Promise.race([aside, pause(timeoutMs / 2, each.signal)]);
    const known = this.#ways.get(invocation);
    const shared = known === "private" ? [] : [["shared", this.#overShared(question, ask, each)] as const];
    const finding = await firstAnswered([["private", aside], ...shared], () => this.#ways.get(invocation));
    decided.abort();
    return finding;
  }

  #overPrivate({ invocation }: Question, ask: Ask, { path, asking }: Aside): Promise<Finding> {
    const open = (): Socket => connect({ path });
    return getOn(ask, async (url) => {
      const head = requestHead(url, this.#options.version);
      return this.#heard(invocation, "private", await exchange({ opened: "connect", open, head }, asking.signal));
    });
  }

  #overShared({ invocation }: Question, ask: Ask, asking: Asking): Promise<Finding> {
    const { address } = ask;
    const places = placesOf(address ?? "");
    const { findAcceptor, version } = this.#options;
    if (address === null || places === null) {
      return Promise.resolve(failed(`could not be asked: nobody can connect to ${address ?? "its listener"}`));
    }
    return getOn(ask, async (url) => {
      const order = { places, head: requestHead(url, version), invocation, findAcceptor, address };
      return this.#heard(invocation, "shared", await askShared(order, asking));
    });
  }

  /** The first way that answers is the way of this life. */
  #heard(invocation: InvocationId, way: Way, heard: Heard): Heard {
    if (heard.tag !== "reply" || this.#ways.has(invocation)) return heard;
    this.#ways.set(invocation, way);
    const [oldest] = this.#ways.keys();
    if (this.#ways.size > MOST_REMEMBERED && oldest !== undefined) this.#ways.delete(oldest);
    return heard;
  }
}

type Aside = Readonly<{ path: string; asking: Asking }>;

/** A redirect can be followed on this very listener alone. */
function getOn({ address, path }: Ask, send: (url: URL) => Promise<Heard>): Promise<Finding> {
  const url = new URL(`http://${hostOf(address)}${path}`);
  return get(url, send, (to) => to.origin === url.origin);
}

/** For the Host field. Shape: `[::1]:8080`; a unix path, and what no URL can hold, is localhost. */
function hostOf(address: string | null): string {
  const [place = null] = placesOf(address ?? "") ?? [];
  if (place === null || "path" in place) return "localhost";
  const { host, port } = place;
  const text = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return URL.canParse(`http://${text}`) ? text : "localhost";
}

/** Gives what came over the way that answered, or what came last when none did. */
function firstAnswered(
  asked: readonly (readonly [Way, Promise<Finding>])[],
  answered: () => Way | undefined,
): Promise<Finding> {
  return new Promise((resolve) => {
    let left = asked.length;
    for (const [way, finding] of asked) {
      void finding.then((found) => {
        left--;
        if (answered() === way || left === 0) resolve(found);
      });
    }
  });
}
