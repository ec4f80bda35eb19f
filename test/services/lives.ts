import { leadLife } from "../../services/kit/life.ts";

/** A life of no process: what it says is kept, what it ends is nothing. */
export function testLife() {
  const said: Readonly<Record<string, string>>[] = [];
  const led = leadLife({ exit: () => {}, notify: (fields) => said.push(fields), report: () => {} });
  return { life: led.life, said, drain: () => led.end("SIGTERM") };
}
