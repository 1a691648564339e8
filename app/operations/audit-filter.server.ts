import { z } from "zod";
import { AUDIT_ACTIONS, AUDIT_SUBJECTS } from "~/billing/audit-actions";
import { plainText } from "~/billing/schemas.server";
import type { Db } from "~/db/transaction.server";

/** The address of the audit trail. */
export const auditQuery = z.object({
  cursor: z.string().optional(),
  aktion: z.enum(AUDIT_ACTIONS, { message: "Diese Aktion gibt es nicht." }).optional(),
  wer: plainText(100).optional(),
  tenant: plainText(100).optional(),
  art: z.enum(AUDIT_SUBJECTS, { message: "Das gibt es nicht." }).optional(),
  id: plainText(200).optional(),
  trace: plainText(64).optional(),
});

/** The people who are staff, to choose from. At most 100. */
export function listStaff(db: Db): Promise<Array<{ id: string; name: string }>> {
  return db`
    select id, coalesce(nullif(name, ''), email) as name from app_user where operator order by name, id limit 100`;
}
