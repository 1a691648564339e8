import { daysLeft, lastUsableDay } from "~/billing/expiry";

const DAY = 24 * 60 * 60 * 1000;
const ZONE = "Europe/Zurich";
const MINUS = "\u2212";

const date = new Intl.DateTimeFormat("de-CH", { timeZone: ZONE, day: "2-digit", month: "2-digit", year: "numeric" });
const time = new Intl.DateTimeFormat("de-CH", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Cents as an amount without currency: 119700 → 1’197.00. */
export function formatAmount(cents: number): string {
  const [whole = "0", fraction = "00"] = (Math.abs(cents) / 100).toFixed(2).split(".");
  return `${cents < 0 ? MINUS : ""}${formatCount(Number(whole))}.${fraction}`;
}

/** Cents with currency: CHF 1’197.00. */
export function formatMoney(cents: number, currency: string): string {
  return `${currency} ${formatAmount(cents)}`;
}

/** The Zurich date of an instant: 22.11.2026. */
export function formatDate(instant: Date): string {
  return date.format(instant);
}

/** The Zurich time of an instant: 10:35. */
export function formatTime(instant: Date): string {
  return time.format(instant);
}

/** The last day on which credits that expire at `expiresAt` are usable: 04.12.2026. */
export function formatLastDay(expiresAt: Date): string {
  return formatDay(lastUsableDay(expiresAt), "full");
}

/** The time that credits have left. `soon`: 30 days at most, which calls for notice. */
export function creditTimeLeft(expiresAt: Date, now: Date): { text: string; soon: boolean } {
  const days = daysLeft(expiresAt, now);
  if (days <= 0) return { text: "läuft heute ab", soon: true };
  if (days === 1) return { text: "läuft morgen ab", soon: true };
  return days <= 30 ? { text: `läuft in ${days} Tagen ab`, soon: true } : { text: `in ${days} Tagen`, soon: false };
}

/** The time a licence has left, in days rounded up; on its last day the hour. */
export function licenceTimeLeft(validUntil: Date, now: Date): string {
  if (formatDate(validUntil) === formatDate(now)) return `endet heute um ${formatTime(validUntil)}`;
  const days = Math.ceil((validUntil.getTime() - now.getTime()) / DAY);
  return days === 1 ? "noch 1 Tag" : `noch ${days} Tage`;
}

/** A number of credits of a kind: 3 × 365 Tage. */
export function formatPack(quantity: number, name: string): string {
  return `${quantity} × ${name}`;
}

/** A whole number with groups: 12345 → 12’345. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u2019");
}

/** A change, always with its sign: +3, −1. */
export function formatChange(change: number): string {
  return `${change < 0 ? MINUS : "+"}${formatCount(Math.abs(change))}`;
}

/** Date and time in Zurich: 22.11.2026, 10:35. */
export function formatDateTime(instant: Date): string {
  return `${formatDate(instant)}, ${formatTime(instant)}`;
}

const timestamp = new Intl.DateTimeFormat("de-CH", {
  timeZone: ZONE,
  day: "2-digit",
  month: "2-digit",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** Date and time in Zurich as spreadsheets read it: 22.11.2026 10:35:04. */
export function formatTimestamp(instant: Date): string {
  return timestamp.format(instant).replace(",", "");
}

/** A day (days since 1970-01-01) in full, 04.12.2026, short, 4.12., or as its month, 12.2026. */
export function formatDay(day: number, form: "full" | "short" | "month"): string {
  const [year = "", month = "", dayOfMonth = ""] = new Date(day * DAY).toISOString().slice(0, 10).split("-");
  if (form === "short") return `${Number(dayOfMonth)}.${Number(month)}.`;
  return form === "month" ? `${month}.${year}` : `${dayOfMonth}.${month}.${year}`;
}
