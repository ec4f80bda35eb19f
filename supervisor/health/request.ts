/**
 * Writes a probe's request, less the empty line that ends it.
 * Why `close`: each question is to see a new connection, and to leave none behind.
 */
export function requestHead(url: URL, version: string): string {
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    `User-Agent: supervisor-probe/${version}`,
    "Accept: */*",
    "Connection: close",
  ];
  return lines.join("\r\n");
}
