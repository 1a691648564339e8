import { z } from "zod";
import type { AuditFilter } from "~/billing/audit.server";
import { AUDIT_ACTIONS, AUDIT_SUBJECTS } from "~/billing/audit-actions";
import { plainText } from "~/billing/schemas.server";
import type { Db } from "~/db/transaction.server";
import { DomainError } from "~/errors";

/** The address of the audit trail. `wer` and `tenant` are ids, or what people know: an e-mail address, a tenant's name. */
export const auditQuery = z.object({
  cursor: z.string().optional(),
  aktion: z.enum(AUDIT_ACTIONS, { message: "Diese Aktion gibt es nicht." }).optional(),
  wer: plainText(320).optional(),
  tenant: plainText(200).optional(),
  art: z.enum(AUDIT_SUBJECTS, { message: "Das gibt es nicht." }).optional(),
  id: plainText(200).optional(),
  trace: plainText(64).optional(),
});

/** Finds the person and the tenant that an address names. Throws INVALID_QUERY, field by field, for what cannot be found. */
export async function findAuditFilter(db: Db, values: z.infer<typeof auditQuery>): Promise<AuditFilter> {
  const [wer = "", konto = "", id = "", trace = ""] = [values.wer, values.tenant, values.id, values.trace].map((it) =>
    it?.trim(),
  );
  const [people, tenants] = await Promise.all([
    wer
      ? db<{ id: string }[]>`select id from app_user where id = ${wer} or lower(email) = ${wer.toLowerCase()} limit 1`
      : [],
    konto
      ? db<{ id: string }[]>`
          select id from tenant where id = ${konto} or slug = ${konto} or lower(name) = lower(${konto}) limit 2`
      : [],
  ]);
  const fields: Record<string, string> = {};
  if (wer && people.length === 0) fields.wer = "Niemand hat diese E-Mail-Adresse.";
  if (konto && tenants.length === 0) fields.tenant = "Dieses Konto gibt es nicht.";
  if (tenants.length > 1) fields.tenant = "Mehrere Konten heissen so. Geben Sie die Konto-ID ein.";
  if (values.art && !id) fields.id = "Geben Sie die Kennung ein.";
  if (!values.art && id) fields.art = "Wählen Sie, was es ist.";
  if (Object.keys(fields).length > 0) throw new DomainError("INVALID_QUERY", { fields });
  return {
    action: values.aktion,
    actorUserId: people[0]?.id,
    tenantId: tenants[0]?.id,
    traceId: trace || undefined,
    subject: values.art && id ? { type: values.art, id } : undefined,
  };
}

/** The e-mail addresses of staff, to choose from. At most 100. */
export async function listStaff(db: Db): Promise<string[]> {
  const rows = await db<{ email: string }[]>`select email from app_user where operator order by email limit 100`;
  return rows.map((row) => row.email);
}
