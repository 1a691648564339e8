import type { Db } from "~/db/transaction.server";
import type { Grants } from "./credit-types";

/** Something on sale: a Stripe price and what it grants. Amount in cents of `currency` (upper case). */
export interface Sku extends Grants {
  id: string;
  active: boolean;
  name: string;
  description: string | null;
  stripePriceId: string;
  currency: string;
  amountCents: number;
  creditExpiresInDays: number;
  sortOrder: number;
  createdAt: Date;
  updatedAt: Date;
}

/** The SKUs on sale, in the order of the shop. They belong to no tenant. */
export function listActiveSkus(db: Db): Promise<Sku[]> {
  return db<Sku[]>`
    select id, active, name, description, stripe_price_id, currency, amount_cents, grant_license_30d, grant_license_365d,
      grant_device_slots, credit_expires_in_days, sort_order, created_at, updated_at
    from billing_sku
    where active
    order by sort_order, id`;
}
