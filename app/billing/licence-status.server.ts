import type { Db } from "~/db/transaction.server";

/** What a device may know of its tenant's licence. `validUntil` is the first instant at which it no longer runs. */
export interface LicenceStatus {
  isActive: boolean;
  validUntil: Date | null;
}

/** Whether a tenant may work now, by the database's clock. Nothing noted means no licence. */
export async function readLicenceStatus(db: Db, tenantId: string): Promise<LicenceStatus> {
  const [status] = await db<LicenceStatus[]>`
    select coalesce(valid_until > now(), false) as is_active, valid_until from tenant_entitlement
    where tenant_id = ${tenantId}`;
  return status ?? { isActive: false, validUntil: null };
}
