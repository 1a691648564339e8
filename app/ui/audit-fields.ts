import type { AuditState } from "~/billing/audit.server";
import { startOfZurichDay, zurichDay } from "~/billing/expiry";
import { formatAmount, formatCount, formatDate, formatLastDay, formatTimestamp } from "./format";
import { CREDIT_PHRASE } from "./words.de";

/** Fields as `before` and `after` name them; a field that is not here shows its own name. */
const FIELD_NAME: Record<string, string> = {
  active: "Eingeschaltet",
  amountCents: "Betrag",
  batchId: "Zusammen angelegt",
  city: "Ort",
  code: "Code",
  contactEmail: "E-Mail",
  contactName: "Kontakt",
  contactPhone: "Telefon",
  count: "Anzahl",
  country: "Land",
  creditExpiresInDays: "Einlösbar in Tagen",
  currency: "Währung",
  delta: "Menge",
  description: "Beschreibung",
  disabled: "Gesperrt",
  email: "E-Mail",
  eventId: "Ereignis",
  expiresAt: "Gültig bis und mit",
  failure: "Ablehnung",
  from: "Von",
  grantDeviceSlots: "Geräte-Slots",
  grantLicense30d: "Lizenzen 30 Tage",
  grantLicense365d: "Lizenzen 365 Tage",
  legalName: "Firma",
  maxRedemptions: "Höchstens einlösbar",
  name: "Name",
  partner: "Partner",
  postalCode: "PLZ",
  priceFault: "Befund zum Preis",
  refundedCents: "Rückerstattet",
  reviewReason: "Grund der Prüfung",
  role: "Rolle",
  sortOrder: "Reihenfolge",
  status: "Stand",
  street: "Strasse und Nummer",
  stripePriceId: "Stripe-Preis",
  stripeRefundId: "Rückerstattung bei Stripe",
  tenantId: "Konto",
  to: "Bis",
  type: "Art",
  validFrom: "Gültig von",
  validUntil: "Gültig bis und mit",
  vatNumber: "UID/MWST-Nummer",
};

/** Codes that stand in `before` and `after`, as pages say them. */
const VALUE_NAME: Record<string, Record<string, string>> = {
  type: CREDIT_PHRASE,
  role: { OWNER: "Inhaber/in", ADMIN: "Admin", VIEWER: "Nur lesen" },
  status: {
    ACTIVE: "Aktiv",
    DISABLED: "Gesperrt",
    OPEN: "Offen",
    BOOKED: "Gebucht",
    REJECTED: "Abgelehnt",
    PROCESSED: "Verarbeitet",
    IGNORED: "Ignoriert",
    FAILED: "Fehlgeschlagen",
  },
};

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** What a field of a state is called. */
export function fieldName(field: string): string {
  return Object.hasOwn(FIELD_NAME, field) ? (FIELD_NAME[field] ?? field) : field;
}

/** A field's value as people read it: money with its currency, days and instants in Zurich, and a word for nothing. */
export function valueText(field: string, state: AuditState): string {
  const value = state[field];
  if (value === null || value === undefined || value === "") return "leer";
  if (typeof value === "boolean") return value ? "ja" : "nein";
  if (typeof value === "number") {
    if (!field.endsWith("Cents")) return value < 0 ? `−${formatCount(-value)}` : formatCount(value);
    return typeof state.currency === "string" ? `${state.currency} ${formatAmount(value)}` : formatAmount(value);
  }
  const text = String(value);
  const instant = INSTANT.test(text) ? new Date(text) : null;
  if (instant && !Number.isNaN(instant.getTime())) return instantText(field, instant);
  const names = Object.hasOwn(VALUE_NAME, field) ? VALUE_NAME[field] : undefined;
  return names && Object.hasOwn(names, text) ? (names[text] ?? text) : text;
}

/** An end is kept as the first instant that is no longer in it: people read the day before. */
function instantText(field: string, instant: Date): string {
  const isMidnight = startOfZurichDay(zurichDay(instant)).getTime() === instant.getTime();
  if (!isMidnight) return formatTimestamp(instant);
  return field === "validUntil" || field === "expiresAt" ? formatLastDay(instant) : formatDate(instant);
}
