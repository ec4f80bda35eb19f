import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { frame, screen } from "./render/frame.ts";

const PERIOD_MS = 1000;

/**
 * Draws a text each second until Ctrl-C, SIGTERM, or the terminal's end, and leaves the terminal as it was. Elsewhere than on a terminal each text follows the other.
 * Shape: `draw` gives a whole text; it is not asked again before it has answered.
 */
export async function watch(context: Context, draw: () => Promise<string>): Promise<number> {
  const { out, rows } = context;
  const over = new AbortController();
  const end = () => over.abort();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, end);
  const isTerminal = rows() !== Infinity;
  if (isTerminal) out(screen.enter);
  try {
    while (!over.signal.aborted) {
      const text = await draw();
      if (over.signal.aborted) break;
      out(isTerminal ? frame(text, rows()) : text);
      await pause(over.signal);
    }
  } finally {
    if (isTerminal) out(screen.leave);
    for (const signal of signals) process.off(signal, end);
  }
  return exit.done;
}

/** Until the next frame, or the end. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PERIOD_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
  });
}
