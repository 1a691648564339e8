import type { Stack } from "./stack";

/** A SKU of its own with a price of its own at Stripe, so that tests do not disturb each other. */
export async function newSku(
  stack: Stack,
  id: string,
  change: { active?: boolean; recurring?: boolean; cents?: number } = {},
) {
  const price = `price_${id}`;
  await stack.stripe.control.createPrice({
    id: price,
    productName: id,
    unitAmount: change.cents ?? 5_000,
    currency: "chf",
    recurring: change.recurring,
  });
  await stack.db.owner`
    insert into billing_sku (id, active, name, stripe_price_id, currency, amount_cents, grant_license_30d, sort_order)
    values (${id}, ${change.active ?? true}, ${id}, ${price}, 'CHF', 5000, 1, 900)`;
  return { id, price };
}
