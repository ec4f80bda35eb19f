/** What came of a question. `detail` is one clause for people, as in an Answer. */
export type Finding = Readonly<{ ok: boolean; detail: string }>;

export const passed = (detail: string): Finding => ({ ok: true, detail });

export const failed = (detail: string): Finding => ({ ok: false, detail });

/** What whoever asks a question gets besides it. */
export type Asking = Readonly<{
  /** Aborted at the time limit, and when nobody wants to know any more: let go of everything at once. The finding is not read then. */
  signal: AbortSignal;
  /** Tells what to answer should the time limit come first, for more than "gave no answer"; null: that. */
  explain(detail: string | null): void;
}>;
