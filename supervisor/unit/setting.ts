/**
 * One key of `config/*.toml` with the value that holds. `origin` names the layer that set it.
 * Shape: `{ key: "supervisor.log_level", value: "debug", origin: "$LOG_LEVEL" }`; `null`: not set.
 */
export type Setting = Readonly<{ key: string; value: string | number | boolean | null; origin: string }>;

/** Names the keys whose values differ. Where the same value comes from is of no consequence. */
export function changedSettings(before: readonly Setting[], after: readonly Setting[]): readonly string[] {
  const old = new Map(before.map(({ key, value }) => [key, value]));
  return after.filter(({ key, value }) => (old.get(key) ?? null) !== value).map(({ key }) => key);
}

/** Hides the password of a URL: settings end up in bug reports. Shape: `redis://app:…@db:6379`. */
export function shownSetting(setting: Setting): Setting {
  const { value } = setting;
  if (typeof value !== "string") return setting;
  return { ...setting, value: value.replace(/(:\/\/[^/?#@\s]*:)[^/?#@\s]*@/, "$1…@") };
}
