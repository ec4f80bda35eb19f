import { mapOf, shown, textOf } from "../raw.ts";
import { literal } from "../template.ts";
import { type App, given, lose } from "./app.ts";

/** Says what is in the environment: `env`, and of the others the one that was asked for. */
export function importEnvironment(app: App): void {
  addVariables(app, "env");
  const chosen = app.here.env === null ? null : `env_${app.here.env}`;
  if (chosen !== null) addVariables(app, chosen);
  for (const name of app.values.keys()) {
    if (!name.startsWith("env_") || name === chosen) continue;
    lose(app, name, `left out; \`--env ${name.slice("env_".length)}\` takes it`);
  }
}

function addVariables(app: App, key: string): void {
  for (const [name, value] of Object.entries(mapOf(given(app, key)))) {
    const text = textOf(value);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) lose(app, key, `${shown(name)} is no variable's name`);
    else if (text !== null) app.draft.variable(name, literal(text));
    else if (value !== null) app.draft.variable(name, literal(JSON.stringify(value)));
  }
}
