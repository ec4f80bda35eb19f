import { connect } from "node:net";
import { type Asking, type Finding, failed, passed } from "./finding.ts";
import { trouble } from "./trouble.ts";

/** Succeeds when the connection is made; it is closed at once. */
export function askTcp(place: Readonly<{ host: string; port: number }>, { signal }: Asking): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect(place);
    const done = (finding: Finding): void => {
      signal.removeEventListener("abort", drop);
      socket.destroy();
      resolve(finding);
    };
    const drop = (): void => done(failed("was not asked any more"));
    signal.addEventListener("abort", drop);
    // Stays to the end: a destroyed socket may still complain.
    socket.on("error", (error) => done(failed(trouble(error))));
    socket.once("connect", () => done(passed("took the connection")));
  });
}
