const ZONE = "Europe/Zurich";
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const zurichParts = new Intl.DateTimeFormat("en-CA", {
  timeZone: ZONE,
  hourCycle: "h23",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** A calendar day of Europe/Zurich as the number of days since 1970-01-01, so that days can be added and compared. */
export function zurichDay(instant: Date): number {
  return Math.floor(zurichWallClock(instant) / DAY);
}

/**
 * The first instant at which credits paid at `paidAt` can no longer be used: the end of the local day
 * (Europe/Zurich) that is `days` days after the day of payment (docs/contract.md, "Rules with numbers").
 */
export function creditExpiry(paidAt: Date, days: number): Date {
  return startOfZurichDay(zurichDay(paidAt) + days + 1);
}

/** The last day on which a credit that expires at `expiresAt` is usable: the Zurich day before that instant. */
export function lastUsableDay(expiresAt: Date): number {
  return zurichDay(new Date(expiresAt.getTime() - 1));
}

/** Whole Zurich days from today to the last usable day: 0 = lapses tonight, negative = has lapsed. */
export function daysLeft(expiresAt: Date, now: Date): number {
  return lastUsableDay(expiresAt) - zurichDay(now);
}

/** The month of an instant in Europe/Zurich, as 2026-11. */
export function zurichMonth(instant: Date): string {
  return new Date(zurichWallClock(instant)).toISOString().slice(0, 7);
}

/** Midnight at which a Zurich day begins. Clocks change at two or three in the morning, so midnight always exists once. */
export function startOfZurichDay(day: number): Date {
  const wall = day * DAY;
  // The offset just before the guess decides; a second pass settles guesses on the other side of a clock change.
  let instant = wall - offsetAt(wall);
  instant = wall - offsetAt(instant);
  return new Date(instant);
}

function offsetAt(instant: number): number {
  return zurichWallClock(new Date(instant)) - Math.floor(instant / 1000) * 1000;
}

/** The local date and time read as if it were UTC, in milliseconds. */
function zurichWallClock(instant: Date): number {
  const part: Record<string, number> = {};
  for (const { type, value } of zurichParts.formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
