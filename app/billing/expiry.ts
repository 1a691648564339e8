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

/**
 * The end of a licence that runs `days` calendar days of Europe/Zurich from `from`, to the same wall-clock time (docs/contract.md,
 * "Rules with numbers"). An hour that the clocks skip or repeat ends at its later instant, as in PostgreSQL.
 */
export function extendLicence(from: Date, days: number): Date {
  return fromZurichWallClock(zurichWallClock(from) + days * DAY + milliseconds(from));
}

/** The month of an instant in Europe/Zurich, as 2026-11. */
export function zurichMonth(instant: Date): string {
  return new Date(zurichWallClock(instant)).toISOString().slice(0, 7);
}

/** Midnight at which a Zurich day begins. Clocks change at two or three in the morning, so midnight always exists once. */
export function startOfZurichDay(day: number): Date {
  return fromZurichWallClock(day * DAY);
}

/** A day of Zurich, or one instant, as people and programs write it. `end` is the first instant that is no longer in it. */
export interface Moment {
  start: Date;
  end: Date;
}

/**
 * Reads 22.11.2026 and 2026-11-22 as that day of Europe/Zurich, and 2026-11-22T10:35:00Z, which needs its offset, as an instant. Null
 * for anything else, a 30 February included. Years from 2000 to 2199.
 */
export function parseMoment(text: string): Moment | null {
  const german = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text.trim());
  const iso = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2}))?$/.exec(text.trim());
  const [year, month, dayOfMonth] = (german ? [german[3], german[2], german[1]] : [iso?.[1], iso?.[2], iso?.[3]]).map(
    Number,
  );
  if (!year || !month || !dayOfMonth || year < 2000 || year > 2199) return null;
  const utc = new Date(Date.UTC(year, month - 1, dayOfMonth));
  if (utc.getUTCMonth() !== month - 1 || utc.getUTCDate() !== dayOfMonth) return null;
  if (iso?.[4]) {
    const instant = new Date(text.trim());
    return Number.isNaN(instant.getTime()) ? null : { start: instant, end: new Date(instant.getTime() + 1) };
  }
  const day = utc.getTime() / DAY;
  return { start: startOfZurichDay(day), end: startOfZurichDay(day + 1) };
}

/** The instant at which the clocks of Zurich show this: with winter time unless only summer time fits. */
function fromZurichWallClock(wall: number): Date {
  const offsets = [offsetAt(wall - DAY), offsetAt(wall + DAY)];
  const winter = wall - Math.min(...offsets);
  const summer = wall - Math.max(...offsets);
  // The winter reading is the later instant, and the one that a skipped hour gets.
  const fitsSummerOnly = offsetAt(winter) !== Math.min(...offsets) && offsetAt(summer) === Math.max(...offsets);
  return new Date(fitsSummerOnly ? summer : winter);
}

function offsetAt(instant: number): number {
  return zurichWallClock(new Date(instant)) - (instant - milliseconds(new Date(instant)));
}

function milliseconds(instant: Date): number {
  return ((instant.getTime() % 1000) + 1000) % 1000;
}

/** The local date and time read as if it were UTC, in milliseconds. */
function zurichWallClock(instant: Date): number {
  const part: Record<string, number> = {};
  for (const { type, value } of zurichParts.formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
