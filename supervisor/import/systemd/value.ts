import { parseSignal } from "../../unit/signal.ts";
import { parseSize } from "../../unit/size.ts";
import { parseSpan } from "../../unit/span.ts";
import type { TomlValue } from "../draft.ts";
import { flagOf } from "../raw.ts";
import type { Carried } from "./service-keys.ts";

/** A value of ours, and what is other about it; a text alone says why there is none. */
export type Read = Readonly<{ value: TomlValue; note?: string }> | string;

/** Reads a value of systemd. Shape: ("500ms", "span") → "500ms"; ("1024:4096", "limit") → 4096, with a note. */
export function readValue(text: string, kind: Carried["as"]): Read {
  switch (kind) {
    case "span":
      return parseSpan(text) === null ? `"${text}" is no span` : { value: text };
    case "count":
      return readCount(text);
    case "flag": {
      const flag = flagOf(text);
      return flag === null ? `"${text}" is neither yes nor no` : { value: flag };
    }
    case "text":
    case "plain":
      return { value: text };
    case "size":
      return readSize(text);
    case "signal": {
      const signal = parseSignal(text);
      return signal === null ? `there is no signal "${text}"` : { value: signal };
    }
    case "statuses":
      return readStatuses(text);
    case "limit":
      return readLimit(text);
  }
}

/** The most that a key of ours takes is that of file_descriptor_store_max. */
function readCount(text: string): Read {
  const count = Number(text);
  if (!Number.isInteger(count)) return `"${text}" is no whole number`;
  return count <= MOST ? { value: count } : { value: MOST, note: `it was ${text}` };
}

const MOST = 4096;

function readSize(text: string): Read {
  if (text.endsWith("%")) return "a share of the machine's memory or tasks has to be a number here";
  const bytes = parseSize(text);
  if (bytes === null) return `"${text}" is no size`;
  return { value: /^\d+$/.test(text) ? Number(text) : text };
}

function readStatuses(text: string): Read {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const known = words.map((word) => (/^\d+$/.test(word) ? Number(word) : (EXIT_CODES[word] ?? parseSignal(word))));
  const strange = words.filter((_, index) => known[index] === null);
  const value = known.filter((each) => each !== null);
  return strange.length > 0 ? { value, note: `left out, no exit status here: ${strange.join(" ")}` } : { value };
}

/** Source: systemd.exec(5), "Process Exit Codes": those of sysexits.h that files name. */
const EXIT_CODES: Readonly<Record<string, number>> = {
  ...{ SUCCESS: 0, FAILURE: 1, USAGE: 64, DATAERR: 65, NOINPUT: 66, NOUSER: 67, NOHOST: 68, UNAVAILABLE: 69 },
  ...{ SOFTWARE: 70, OSERR: 71, OSFILE: 72, CANTCREAT: 73, IOERR: 74, TEMPFAIL: 75, PROTOCOL: 76, NOPERM: 77 },
  ...{ CONFIG: 78 },
};

/** A soft and a hard limit are one here: the hard one. */
function readLimit(text: string): Read {
  const [soft = "", hard = soft] = text.split(":");
  const number = parseSize(hard);
  if (number === null) return `"${text}" is no limit that is known here`;
  const value = /^\d+$/.test(hard) ? Number(hard) : hard;
  return soft === hard ? { value } : { value, note: `the soft limit was ${soft}` };
}
