import type { AuditEntry } from "~/billing/audit.server";
import type { AuditAction, AuditSubject } from "~/billing/audit-actions";
import { fieldName, valueText } from "./audit-fields";
import { formatTimestamp } from "./format";
import type { IconName } from "./icon";

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

/** What it looks like: something new, switched off, switched on, decided, checked; anything else is a change. */
function iconOf(action: AuditAction): IconName {
  if (/_CREATED$/.test(action)) return "plus";
  if (/_(DISABLED|RETIRED|REFUSED|REJECTED)$/.test(action)) return "lock";
  if (/_(ENABLED|RELEASED|SENT|BOOKED|RESOLVED|SET)$/.test(action)) return "check";
  if (/^REFUND_/.test(action)) return "return";
  return /^(REPLAY|RECONCILE|VERIFY)_|_COMPARED$/.test(action) ? "loop" : "pencil";
}

/** Where a thing has its page; null where it has none. */
function pageOf({ subjectType, subjectId, tenantId, action }: AuditEntry): string | null {
  const id = encodeURIComponent(subjectId);
  switch (subjectType) {
    case "SKU":
      return `/operator/skus/${id}`;
    case "COUPON":
      // The trail names a batch where codes were made together.
      return subjectId.startsWith("batch_") ? `/operator/coupons/batches/${id}` : `/operator/coupons/${id}`;
    case "ORDER":
      return `/operator/orders/${id}`;
    case "EVENT":
      return `/operator/events/${id}`;
    case "TASK":
      return action === "REPLAY_REQUESTED" ? `/operator/replays/${id}` : "/operator/reconciliation";
    case "TENANT":
      return `/operator/tenants/${id}`;
    default:
      return tenantId ? `/operator/tenants/${encodeURIComponent(tenantId)}` : null;
  }
}

/** What differs between before and after, field by field. `from` is null for something new. */
function changesOf({ before, after }: AuditEntry): Array<{ field: string; from: string | null; to: string }> {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return (
    fields
      .filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]))
      // Of something new, what it does not have says nothing.
      .filter((field) => before !== null || Boolean(after?.[field]))
      .map((field) => ({
        field: fieldName(field),
        from: before ? valueText(field, before) : null,
        to: valueText(field, after ?? {}),
      }))
  );
}

/** Words for entries of the audit trail, for `AuditList`. Run by loaders. */
export function auditRows(entries: readonly AuditEntry[]) {
  return entries.map((it) => ({
    id: it.id,
    iso: it.occurredAt.toISOString(),
    when: formatTimestamp(it.occurredAt).replace(" ", ", "),
    icon: iconOf(it.action),
    who: it.actorName || it.actorEmail,
    whoUrl: `/operator/audit?wer=${encodeURIComponent(it.actorEmail)}`,
    // An older server may read what a newer one has written.
    what: ACTION_NAME[it.action] ?? it.action,
    subject: { name: `${SUBJECT_NAME[it.subjectType] ?? it.subjectType} ${it.subjectId}`, to: pageOf(it) },
    tenant: it.tenantId
      ? {
          name: it.tenantName || it.tenantId,
          to: `/operator/audit?tenant=${encodeURIComponent(it.tenantId)}`,
        }
      : null,
    changes: changesOf(it),
    reason: it.reason,
    traceId: it.traceId,
  }));
}

export type AuditRow = ReturnType<typeof auditRows>[number];
