import type { Db } from "~/db/transaction.server";
import type { CreditType } from "./credit-types";

/** A tenant's licence and its usable or held credits. `readAt` is the database's clock, the one that decides on expiry. */
export interface Overview {
  entitlement: { validUntil: Date | null; isActive: boolean; maxDevices: number; activeDevices: number };
  /** Lots that have not lapsed, soonest first; `quantity` includes `held`. */
  credits: Array<{ type: CreditType; quantity: number; held: number; expiresAt: Date }>;
  /** How many usable credits lapse within 30 days; null when none do. */
  expiringSoon: { count: number } | null;
  readAt: Date;
}

/** Reads what a tenant has. Two statements, sent together. */
export async function readOverview(db: Db, tenantId: string): Promise<Overview> {
  const [[status], lots] = await Promise.all([
    db<{ validUntil: Date | null; isActive: boolean; maxDevices: number; activeDevices: number; readAt: Date }[]>`
      select e.valid_until, coalesce(e.valid_until > now(), false) as is_active, coalesce(e.max_devices, 1) as max_devices,
        (select count(*)::int from device where tenant_id = ${tenantId} and status = 'ACTIVE') as active_devices,
        now() as read_at
      from (values (1)) as one
      left join tenant_entitlement e on e.tenant_id = ${tenantId}`,
    db<{ type: CreditType; quantity: number; held: number; expiresAt: Date; soon: boolean }[]>`
      select type, quantity, held, expires_at, expires_at <= now() + interval '30 days' as soon
      from tenant_credit_balance
      where tenant_id = ${tenantId} and quantity > 0 and expires_at > now()
      order by expires_at, type`,
  ]);
  if (!status) throw new Error("The overview query always gives one row.");
  const { readAt, ...entitlement } = status;
  const count = lots.filter((lot) => lot.soon).reduce((sum, lot) => sum + lot.quantity - lot.held, 0);
  const credits = lots.map(({ type, quantity, held, expiresAt }) => ({ type, quantity, held, expiresAt }));
  return { entitlement, credits, expiringSoon: count > 0 ? { count } : null, readAt };
}

/** The overview as the API gives it. */
export function overviewItem({ entitlement, credits, expiringSoon }: Overview): Omit<Overview, "readAt"> {
  return { entitlement, credits, expiringSoon };
}
