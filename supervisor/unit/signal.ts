import type { SignalName } from "./unit.ts";

/**
 * Linux's signals by name. Real-time signals are left out: nothing here sends one.
 * Source: signal(7), the x86 and ARM column.
 */
const NUMBERS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

/** Gives a signal its one name. `null` when Linux has none such. Shape: "TERM", "SIGTERM", "sigterm", 15 and "15" → "SIGTERM". */
export function parseSignal(raw: string | number): SignalName | null {
  const text = String(raw).trim().toUpperCase();
  if (/^\d+$/.test(text)) return signalName(Number(text));
  const name = text.startsWith("SIG") ? text : `SIG${text}`;
  return Object.hasOwn(NUMBERS, name) ? (name as SignalName) : null;
}

/** Gives the name for a number. Shape: 15 → "SIGTERM"; 64 → null. */
export function signalName(number: number): SignalName | null {
  for (const [name, known] of Object.entries(NUMBERS)) if (known === number) return name as SignalName;
  return null;
}

/** Gives the number for a name. Shape: "SIGTERM" → 15; "SIGFOO" → null. */
export function signalNumber(name: SignalName): number | null {
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name as keyof typeof NUMBERS] : null;
}
