import { type Admission, createAdmission } from "./admission.ts";

/**
 * An admission whose limit may change while requests are in hand: from then on another one stands before the app, which has yet to learn what it can bear.
 * `shedOverMs` is asked for each request; 0: nobody is refused.
 */
export function createLiveAdmission(path: string, shedOverMs: () => number): Admission {
  let overMs = shedOverMs();
  let now = createAdmission(path, overMs);
  /** Those whose requests may still be in hand. */
  let before: Admission | null = null;
  return {
    guard(fetch) {
      let guarded = now.guard(fetch);
      return (request, ...rest) => {
        const wanted = shedOverMs();
        if (wanted !== overMs) {
          overMs = wanted;
          before = now;
          now = createAdmission(path, overMs);
          guarded = now.guard(fetch);
        }
        return overMs > 0 ? guarded(request, ...rest) : fetch(request, ...rest);
      };
    },
    arrived(request) {
      now.arrived(request);
      before?.arrived(request);
    },
    get figures() {
      return now.figures;
    },
  };
}
