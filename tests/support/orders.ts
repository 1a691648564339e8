import { randomBytes } from "node:crypto";
import type postgres from "postgres";

export interface PlacedOrder {
  id: string;
  tenantId: string;
  skuId: string;
  currency: string;
  amountCents: number;
  sessionId: string;
}

/** A PENDING order with its session, as if the buyer were at Stripe now. */
export async function insertOrder(
  owner: postgres.Sql,
  change: { tenantId?: string; skuId?: string; bound?: boolean } = {},
): Promise<PlacedOrder> {
  const { tenantId = "lr_tenant_alpen", skuId = "lr_sku_30d_3", bound = true } = change;
  const sessionId = `cs_test_${randomBytes(12).toString("hex")}`;
  const [order] = await owner<{ id: string; currency: string; amount_cents: number }[]>`
    insert into billing_order (tenant_id, sku_id, currency, amount_cents, stripe_price_id, grant_license_30d,
      grant_license_365d, grant_device_slots, credit_expires_in_days, stripe_checkout_session_id)
    select ${tenantId}, id, currency, amount_cents, stripe_price_id, grant_license_30d, grant_license_365d,
      grant_device_slots, credit_expires_in_days, ${bound ? sessionId : null}
    from billing_sku where id = ${skuId}
    returning id, currency, amount_cents`;
  if (!order) throw new Error(`no SKU ${skuId}`);
  return { id: order.id, tenantId, skuId, currency: order.currency, amountCents: order.amount_cents, sessionId };
}

/** Everything about one order that the tests compare. */
export async function orderState(owner: postgres.Sql, orderId: string) {
  const [order] = await owner<
    {
      status: string;
      granted: boolean;
      review_reason: string | null;
      paid_cents: number | null;
      paid_at: Date | null;
      session: string | null;
      intent: string | null;
    }[]
  >`
    select status, credits_granted_at is not null as granted, review_reason, paid_cents, paid_at,
      stripe_checkout_session_id as session, stripe_payment_intent_id as intent
    from billing_order where id = ${orderId}`;
  const rows = await owner<{ type: string; delta: number; reason: string; ref_id: string | null; expires_at: Date }[]>`
    select type, delta, reason, ref_id, expires_at from tenant_credit_ledger where order_id = ${orderId} order by id`;
  if (!order) throw new Error(`no order ${orderId}`);
  return { ...order, rows: [...rows] };
}
