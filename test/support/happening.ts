import { told } from "../../supervisor/daemon/happening.ts";
import type { Happening } from "../../supervisor/daemon/ports.ts";

const { level: _level, text: _text, ...active } = told("info", "service.active", "");
const nothing: Happening = { ...active, seq: 0, at: "2026-01-06T10:00:00.000Z", pid: null };

/** A happening that says nothing but what the test gives. */
export function makeHappening(change: Partial<Happening> = {}): Happening {
  return { ...nothing, ...change };
}
