import { request } from "node:http";
import { type Exposition, parseExposition } from "./exposition.ts";

/** Where an instance answers for itself. Shape: `{ unit: "api", instance: "api@1", path: "/run/x.private" }`. */
export type Place = Readonly<{ unit: string; instance: string; path: string }>;

/** What an instance exposes; null: it gave no answer in time, too long a one, or one that is no exposition. */
export type Gathered = Place & Readonly<{ exposition: Exposition | null }>;

const limitMs = 1000;
const limitBytes = 1024 * 1024;
const accepted = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";

/** Asks every instance for its `/metrics`, all at once, a second for each at most. One that does not answer fails nobody else. */
export function gather(places: readonly Place[]): Promise<readonly Gathered[]> {
  return Promise.all(
    places.map(async (place) => {
      const text = await ask(place.path);
      return { ...place, exposition: text === null ? null : parseExposition(text) };
    }),
  );
}

function ask(socketPath: string): Promise<string | null> {
  return new Promise((resolve) => {
    const headers = { accept: accepted, connection: "close" };
    const outgoing = request({ socketPath, path: "/metrics", headers, agent: false });
    const end = (text: string | null): void => {
      clearTimeout(timer);
      outgoing.destroy();
      resolve(text);
    };
    const timer = setTimeout(end, limitMs, null);
    outgoing.on("error", () => end(null));
    outgoing.on("response", (response) => {
      const parts: Buffer[] = [];
      let sizeBytes = 0;
      response.on("data", (part: Buffer) => {
        sizeBytes += part.length;
        parts.push(part);
        if (sizeBytes > limitBytes) end(null);
      });
      response.on("error", () => end(null));
      response.on("aborted", () => end(null));
      response.on("end", () => end(response.statusCode === 200 ? Buffer.concat(parts).toString("utf8") : null));
    });
    outgoing.end();
  });
}
