import type { ActiveState } from "../../unit/status.ts";

const CODES = { green: 32, red: 31, yellow: 33, bold: 1, faint: 2 } as const;

export type Paint = keyof typeof CODES;

/** Colours a text for a terminal; without colour it stays as it is. */
export function paint(text: string, colour: Paint | null, on: boolean): string {
  return on && colour !== null ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

const byState: Readonly<Record<ActiveState, Paint>> = {
  active: "green",
  reloading: "green",
  activating: "yellow",
  deactivating: "yellow",
  failed: "red",
  inactive: "faint",
};

export function stateColour(state: ActiveState): Paint {
  return byState[state];
}
