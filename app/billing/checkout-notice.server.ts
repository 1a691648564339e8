import type Stripe from "stripe";
import type { Db, Sql } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { type CreditType, type Grants, grantedCredits } from "./credit-types";
import { creditExpiry } from "./expiry";
import type { OrderStatus } from "./order-status";
import { settleOrder } from "./settlement.server";

/** What is true about the purchase that the buyer has come back from. */
export type CheckoutNotice =
  | { kind: "booked"; orderId: string; credits: Array<{ type: CreditType; quantity: number }>; expiresAt: Date }
  | { kind: "review"; orderId: string }
  | { kind: "processing" | "cancelled" | "failed" | "expired" };

/** What the address says about the return: `?checkout=`, and which session or order. */
export interface CheckoutReturn {
  checkout: string | null;
  sessionId: string | null;
  orderId: string | null;
}

interface ReturnedOrder extends Grants {
  id: string;
  tenantId: string;
  stripeCheckoutSessionId: string | null;
  status: OrderStatus;
  paidAt: Date | null;
  creditsGrantedAt: Date | null;
  creditExpiresInDays: number;
  reviewReason: string | null;
}

/**
 * What to say after the return from Stripe: the order of the session, or of the id, or else the tenant's newest one decides,
 * never the query's word alone. Null when there is nothing to say. Throws NOT_FOUND for an order that is not the tenant's.
 */
export async function readCheckoutNotice(
  db: Db,
  tenantId: string,
  query: CheckoutReturn,
): Promise<CheckoutNotice | null> {
  const { checkout } = query;
  if (checkout !== "success" && checkout !== "cancel") return null;
  const order = await returnedOrder(db, tenantId, query);
  if (!order) return checkout === "cancel" ? { kind: "cancelled" } : null;
  return noticeOf(order, checkout);
}

/**
 * The return page as a motor: an order that is not booked yet is looked up at Stripe and booked through the same function
 * as the webhook, so that the page alone suffices when no webhook arrives. Only for an order of the tenant, else NOT_FOUND
 * and no call. A Stripe that does not answer changes nothing.
 * @returns whether the order moved
 */
export async function settleReturn(
  sql: Sql,
  stripe: Stripe,
  tenantId: string,
  query: CheckoutReturn,
): Promise<boolean> {
  if (query.checkout !== "success") return false;
  const order = await returnedOrder(sql, tenantId, query);
  if (!order?.stripeCheckoutSessionId || order.creditsGrantedAt || order.reviewReason) return false;
  const settled = await settleOrder(sql, stripe, order, order.stripeCheckoutSessionId);
  return settled !== "nothing" && settled !== "unknown" && settled !== "stripe away";
}

async function returnedOrder(db: Db, tenantId: string, query: CheckoutReturn): Promise<ReturnedOrder | undefined> {
  const isSuccess = query.checkout === "success";
  const named = isSuccess ? query.sessionId : query.orderId;
  if (named !== null && !/^[\x21-\x7e]{1,255}$/.test(named)) throw new DomainError("NOT_FOUND");
  const [order] = await db<ReturnedOrder[]>`
    select id, tenant_id, stripe_checkout_session_id, status, paid_at, credits_granted_at, credit_expires_in_days,
      review_reason, grant_license_30d, grant_license_365d, grant_device_slots
    from billing_order
    where tenant_id = ${tenantId}
      ${named === null ? db`` : isSuccess ? db`and stripe_checkout_session_id = ${named}` : db`and id = ${named}`}
    order by created_at desc, id desc
    limit 1`;
  if (!order && named !== null) throw new DomainError("NOT_FOUND");
  return order;
}

function noticeOf(order: ReturnedOrder, checkout: "success" | "cancel"): CheckoutNotice | null {
  if (order.creditsGrantedAt && order.paidAt) {
    // Since then refunded or disputed: "gutgeschrieben" would no longer be true.
    if (order.status !== "PAID") return null;
    const expiresAt = creditExpiry(order.paidAt, order.creditExpiresInDays);
    return { kind: "booked", orderId: order.id, credits: grantedCredits(order), expiresAt };
  }
  if (order.reviewReason) return { kind: "review", orderId: order.id };
  if (order.status === "PROCESSING") return { kind: "processing" };
  if (checkout === "cancel") return { kind: "cancelled" };
  if (order.status === "FAILED") return { kind: "failed" };
  if (order.status === "EXPIRED") return { kind: "expired" };
  return { kind: "processing" };
}
