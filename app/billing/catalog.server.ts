import type Stripe from "stripe";
import type { Db } from "~/db/transaction.server";
import { all } from "~/stripe/payment.server";
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

/** The prices of a Stripe product: an event about a product names none of them. */
export async function pricesOfProduct(stripe: Stripe, productId: string): Promise<string[]> {
  const prices = await all(
    stripe.prices.list({ product: productId, limit: 100 }, { timeout: 4_000, maxNetworkRetries: 0 }),
  );
  return prices.map((price) => price.id);
}

/**
 * Marks the SKUs of prices that were changed at Stripe: somebody should compare. Orders never change by it. @returns how
 * many SKUs there are
 */
export async function markPricesChanged(db: Db, priceIds: readonly string[], at: Date | null): Promise<number> {
  if (priceIds.length === 0) return 0;
  const marked = await db`
    update billing_sku set stripe_changed_at = greatest(stripe_changed_at, coalesce(${at}, now()))
    where stripe_price_id in ${db(priceIds as string[])}`;
  return marked.count;
}
