/**
 * Waits for a promise, and no longer than until the signal fires: then it rejects with the signal's reason, whatever the promise does.
 * Why: a file system that hangs, or a name server that is silent, can be left behind but not called off.
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave);
  });
}
