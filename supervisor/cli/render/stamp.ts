const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** Renders a time in the zone of the machine. Shape: "Tue 2026-01-06 10:11:12 UTC", "… +02:00". Errors: none; what is no time is shown as it is. */
export function stamp(rfc3339: string): string {
  const at = new Date(rfc3339);
  if (Number.isNaN(at.getTime())) return rfc3339;
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${DAYS[at.getDay()]} ${date} ${time} ${zone(-at.getTimezoneOffset())}`;
}

function zone(eastMinutes: number): string {
  if (eastMinutes === 0) return "UTC";
  const minutes = Math.abs(eastMinutes);
  return `${eastMinutes < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
