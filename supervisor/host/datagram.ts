const MOST_BYTES = 4096;

/**
 * Takes one sd_notify message apart; null when the protocol says to ignore it.
 * Shape: `READY=1\nSTATUS=warm` → `{ READY: "1", STATUS: "warm" }`. A line without "=" is skipped, the last of two equal keys counts.
 * Source: sd_notify(3); systemd's own receiver for the bounds: 4096 bytes, no zero byte but one at the end, CR and LF both separate.
 */
export function parseDatagram(datagram: Uint8Array): Readonly<Record<string, string>> | null {
  if (datagram.length > MOST_BYTES) return null;
  const body = datagram.at(-1) === 0 ? datagram.subarray(0, -1) : datagram;
  if (body.length === 0 || body.includes(0)) return null;
  const fields: Record<string, string> = Object.create(null);
  for (const line of new TextDecoder().decode(body).split(/[\r\n]+/)) {
    const equals = line.indexOf("=");
    if (equals > 0) fields[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return Object.keys(fields).length === 0 ? null : { ...fields };
}
