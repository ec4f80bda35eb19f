/** What one check came to. `fix` is what to do about it, and there is one unless all is well. */
export type Finding = Readonly<
  | { result: "OK"; check: string; detail: string; fix: null }
  | { result: "WARN" | "FAIL"; check: string; detail: string; fix: string }
>;

export function well(check: string, detail: string): Finding {
  return { result: "OK", check, detail, fix: null };
}

export function warn(check: string, detail: string, fix: string): Finding {
  return { result: "WARN", check, detail, fix };
}

export function bad(check: string, detail: string, fix: string): Finding {
  return { result: "FAIL", check, detail, fix };
}
