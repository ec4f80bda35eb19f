/**
 * One key of `config/*.toml` with the value that holds. `origin` names the layer that set it. `secret`: nobody is shown the value.
 * `live`: a change of it holds without a new process.
 * Shape: `{ key: "supervisor.log_level", value: "debug", origin: "$LOG_LEVEL", secret: false, live: true }`; `null`: not set.
 */
export type Setting = Readonly<{
  key: string;
  value: string | number | boolean | null;
  origin: string;
  secret: boolean;
  live: boolean;
}>;

/** Names the keys whose values differ. Where the same value comes from is of no consequence. */
export function changedSettings(before: readonly Setting[], after: readonly Setting[]): readonly string[] {
  const old = new Map(before.map(({ key, value }) => [key, value]));
  return after.filter(({ key, value }) => (old.get(key) ?? null) !== value).map(({ key }) => key);
}

/** The command that prints the keys of encrypted credentials. Source: `config/schema.ts`, which has checked it; settings tell lists as JSON. */
export function keyCommandIn(settings: readonly Setting[]): readonly string[] | null {
  const value = settings.find(({ key }) => key === "credentials.key_command")?.value;
  return typeof value === "string" ? (JSON.parse(value) as readonly string[]) : null;
}

/** The remote source that settings are asked of. Source: as above. Null: there is none. */
export function sourceIn(settings: readonly Setting[]): Readonly<{ url: string; tokenFile: string | null }> | null {
  const textOf = (key: string): string | null => {
    const value = settings.find((setting) => setting.key === key)?.value;
    return typeof value === "string" ? value : null;
  };
  const url = textOf("supervisor.config_source");
  return url === null ? null : { url, tokenFile: textOf("supervisor.config_source_token_file") };
}

/**
 * Hides what is secret, by where it came from or by the key's name, and the password of a URL: settings end up in bug reports.
 * Shape: `redis://app:…@db:6379`, `…`.
 */
export function shownSetting(setting: Setting): Setting {
  const { key, value } = setting;
  if (value === null) return setting;
  if (setting.secret || SECRET.test(key)) return { ...setting, value: HIDDEN, secret: true };
  return typeof value === "string" ? { ...setting, value: value.replace(PASSWORD, `$1${HIDDEN}@`) } : setting;
}

const HIDDEN = "…";
const PASSWORD = /(:\/\/[^/?#@\s]*:)[^/?#@\s]*@/g;
/** A file that holds a secret may be named. Shape: `api.admin_token`; not `worker.webhook_secret_file`. */
const SECRET = /[._](?:password|passphrase|secret|token|key|credentials?)s?$/;
