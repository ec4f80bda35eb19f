import type { Servable } from "./serve.ts";

/** Stands between the runtime and the app, and from the drain on tells every client that its connection ends. */
export interface Guard {
  fetch(request: Request, env: unknown): Response | Promise<Response>;
  /** From now on every response says `Connection: close`, also those that the app is still working on. */
  startClosing(): void;
  /** How many requests the app has taken and not answered yet; 0 where the guard was not asked to count. */
  readonly pending: number;
}

/** Hears of each response that says close, before it is sent. `env` is what the runtime passed beside the request. */
export type OnClosing = (request: Request, env: unknown) => void;

/**
 * Puts a guard before an app.
 * Why not swap the handler at the drain: requests in flight would answer without the header, and their clients come back.
 * In the steady state it costs one check, and one `then` for a handler that is asynchronous. `counts` is for a runtime that
 * does not tell how many requests are in flight; it costs a little more.
 */
export function guard(app: Servable, onClosing: OnClosing = () => {}, counts = false): Guard {
  let closing = false;
  let pending = 0;

  const sent = (response: Response, request: Request, env: unknown): Response => {
    if (!closing || !mayClose(response)) return response;
    onClosing(request, env);
    return withClose(response);
  };

  const plainly = (answer: Promise<Response>, request: Request, env: unknown): Promise<Response> =>
    answer.then((response) => sent(response, request, env));

  const counting = (answer: Promise<Response>, request: Request, env: unknown): Promise<Response> => {
    pending += 1;
    return answer.then(
      (response) => {
        pending -= 1;
        return sent(response, request, env);
      },
      (error) => {
        pending -= 1;
        throw error;
      },
    );
  };

  const finish = counts ? counting : plainly;

  return {
    fetch(request, env) {
      const answer = app.fetch(request, env);
      if (answer instanceof Promise) return finish(answer, request, env);
      return closing ? sent(answer, request, env) : answer;
    },
    startClosing() {
      closing = true;
    },
    get pending() {
      return pending;
    },
  };
}

/** An upgraded connection is no longer HTTP's to close; Bun answers an upgrade with nothing at all. */
function mayClose(response: Response | undefined): boolean {
  return response !== undefined && response.status !== 101;
}

function withClose(response: Response): Response {
  try {
    response.headers.set("Connection", "close");
    return response;
  } catch {
    // The headers of a response that came from fetch() or Response.redirect() are immutable; a copy's are not.
    const copy = new Response(response.body, response);
    copy.headers.set("Connection", "close");
    return copy;
  }
}
