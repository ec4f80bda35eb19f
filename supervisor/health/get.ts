import type { Heard } from "./exchange.ts";
import { type Finding, failed, passed } from "./finding.ts";

const MOST_REDIRECTS = 10;
/** Others of the 300s name no place to go on to. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks a URL and judges the answer: 200 to 399 is success.
 * A redirect is followed where `mayFollow` says so; else it is a success that says where it stopped. Ten in a row are a failure.
 * Source: the kubelet's HTTP prober.
 */
export async function get(
  first: URL,
  send: (url: URL) => Promise<Heard>,
  mayFollow: (to: URL) => boolean,
): Promise<Finding> {
  let url = first;
  for (let count = 0; count <= MOST_REDIRECTS; count++) {
    const heard = await send(url);
    if (heard.tag !== "reply") return failed(heard.tag === "trouble" ? heard.detail : "was not asked any more");
    const { code, location } = heard;
    if (code < 200 || code > 399) return failed(`answered ${code}`);
    if (!REDIRECTS.has(code)) return passed(`answered ${code}`);
    if (location === null || !URL.canParse(location, url)) return failed(`answered ${code} without a place to go to`);
    const next = new URL(location, url);
    if (!mayFollow(next)) return passed(`answered ${code}, which leads elsewhere`);
    url = next;
  }
  return failed(`redirected more than ${MOST_REDIRECTS} times`);
}
