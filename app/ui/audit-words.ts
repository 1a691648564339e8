import type { AuditEntry, AuditState } from "~/billing/audit.server";
import type { AuditAction, AuditSubject } from "~/billing/audit-actions";
import { formatDateTime, formatTimestamp } from "./format";

/** What a person did. */
export const ACTION_NAME: Record<AuditAction, string> = {
  SKU_CREATED: "Paket angelegt",
  SKU_CHANGED: "Paket geändert",
  SKU_RELEASED: "Paket zum Verkauf freigegeben",
  SKU_RETIRED: "Paket aus dem Verkauf genommen",
  SKU_MOVED: "Paket verschoben",
  SKU_COMPARED: "Paket mit Stripe abgeglichen",
  COUPONS_CREATED: "Gutscheincodes angelegt",
  COUPON_DISABLED: "Gutscheincode ausgeschaltet",
  COUPON_ENABLED: "Gutscheincode eingeschaltet",
  REFUND_REQUESTED: "Rückerstattung verlangt",
  REFUND_SENT: "Rückerstattung von Stripe angenommen",
  REFUND_REFUSED: "Rückerstattung von Stripe abgelehnt",
  REVIEW_RESOLVED: "Prüfung abgeschlossen",
  REPLAY_REQUESTED: "Ereignisse erneut verarbeitet",
  RECONCILE_REQUESTED: "Abgleich verlangt",
  VERIFY_REQUESTED: "Bücher prüfen verlangt",
  TENANT_CREATED: "Konto angelegt",
  TENANT_CHANGED: "Konto geändert",
  TENANT_DISABLED: "Konto gesperrt",
  TENANT_ENABLED: "Konto freigegeben",
  USER_CREATED: "Person angelegt",
  USER_CHANGED: "Rolle geändert",
  USER_DISABLED: "Person gesperrt",
  USER_ENABLED: "Person freigegeben",
  PASSWORD_LINK_CREATED: "Passwort-Link erstellt",
  PASSWORD_SET: "Passwort gesetzt",
  ADJUSTMENT_REQUESTED: "Korrektur verlangt",
  ADJUSTMENT_BOOKED: "Korrektur gebucht",
  ADJUSTMENT_REJECTED: "Korrektur abgelehnt",
  DEVICE_CREATED: "Gerät erfasst",
  DEVICE_DISABLED: "Gerät gesperrt",
  DEVICE_ENABLED: "Gerät freigegeben",
  ACCOUNTING_CHANGED: "Firma & Belege geändert",
};

/** What it was done to. */
export const SUBJECT_NAME: Record<AuditSubject, string> = {
  SKU: "Paket",
  COUPON: "Gutscheincode",
  ORDER: "Bestellung",
  EVENT: "Ereignis",
  TASK: "Auftrag",
  TENANT: "Konto",
  USER: "Person",
  ADJUSTMENT: "Korrektur",
  DEVICE: "Gerät",
};

/** Fields as `before` and `after` name them; a field that is not here shows its own name. */
const FIELD_NAME: Record<string, string> = {
  active: "eingeschaltet",
  name: "Name",
  description: "Beschreibung",
  stripePriceId: "Stripe-Preis",
  currency: "Währung",
  amountCents: "Betrag in Rappen",
  grantLicense30d: "Lizenzen 30 Tage",
  grantLicense365d: "Lizenzen 365 Tage",
  grantDeviceSlots: "Geräte-Slots",
  creditExpiresInDays: "einlösbar in Tagen",
  sortOrder: "Reihenfolge",
  priceFault: "Befund zum Preis",
  reviewReason: "Grund der Prüfung",
  country: "Land",
  email: "E-Mail",
  role: "Rolle",
  disabled: "gesperrt",
  type: "Credit",
  delta: "Menge",
  expiresAt: "verfällt",
  status: "Stand",
  count: "Anzahl",
  code: "Code",
  maxRedemptions: "höchstens einlösbar",
  validFrom: "gültig von",
  validUntil: "gültig bis",
  partner: "Partner",
  stripeRefundId: "Rückerstattung bei Stripe",
  failure: "Ablehnung",
};

/** Where a thing has its page; null where it has none of its own. */
function pageOf({ subjectType, subjectId, tenantId }: AuditEntry): string | null {
  const id = encodeURIComponent(subjectId);
  switch (subjectType) {
    case "SKU":
      return `/operator/skus/${id}`;
    case "COUPON":
      return `/operator/coupons/${id}`;
    case "ORDER":
      return `/operator/orders/${id}`;
    case "EVENT":
      return `/operator/events/${id}`;
    case "TASK":
      return null;
    case "TENANT":
      return `/operator/tenants/${id}`;
    default:
      return tenantId ? `/operator/tenants/${encodeURIComponent(tenantId)}` : null;
  }
}

function valueText(value: AuditState[string] | undefined): string {
  if (value === null || value === undefined || value === "") return "leer";
  if (typeof value === "boolean") return value ? "ja" : "nein";
  const text = String(value);
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text));
  return isTime ? formatDateTime(new Date(text)) : text;
}

/** What differs between before and after, field by field. */
function changesOf({ before, after }: AuditEntry): Array<{ field: string; from: string | null; to: string }> {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return (
    fields
      .filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]))
      // Of something new, what it does not have says nothing.
      .filter((field) => before !== null || Boolean(after?.[field]))
      .map((field) => ({
        field: FIELD_NAME[field] ?? field,
        from: before && field in before ? valueText(before[field]) : null,
        to: valueText(after?.[field]),
      }))
  );
}

/** Words for entries of the audit trail. Run by loaders. */
export function auditRows(entries: readonly AuditEntry[]) {
  return entries.map((it) => ({
    id: it.id,
    iso: it.occurredAt.toISOString(),
    when: formatTimestamp(it.occurredAt),
    who: it.actorName || it.actorEmail,
    what: ACTION_NAME[it.action] ?? it.action,
    subject: { name: `${SUBJECT_NAME[it.subjectType]} ${it.subjectId}`, to: pageOf(it) },
    tenant: it.tenantName,
    changes: changesOf(it),
    reason: it.reason,
    traceId: it.traceId,
  }));
}

export type AuditRow = ReturnType<typeof auditRows>[number];
