// Prints one field of a unit's status. Usage: node field.mjs UNIT FIELD, in the root of the daemon.
import { get } from "node:http";

const [unit, field] = process.argv.slice(2);
get({ socketPath: ".supervisor/control.sock", path: `/v1/units/${unit}` }, async (response) => {
  let text = "";
  for await (const piece of response) text += piece;
  const value = field.split(".").reduce((at, key) => at?.[key], JSON.parse(text));
  console.log(String(value));
}).on("error", () => process.exit(1));
