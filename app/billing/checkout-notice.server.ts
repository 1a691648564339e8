import type { Db } from "~/db/transaction.server";
import { DomainError } from "~/errors";
import { type CreditType, type Grants, grantedCredits } from "./credit-types";
import { creditExpiry } from "./expiry";
import type { OrderStatus } from "./order-status";

/** What is true about the purchase that the buyer has come back from. */
export type CheckoutNotice =
  | { kind: "booked"; credits: Array<{ type: CreditType; quantity: number }>; expiresAt: Date }
  | { kind: "processing" | "review" | "cancelled" | "failed" | "expired" };

interface ReturnedOrder extends Grants {
  status: OrderStatus;
  paidAt: Date | null;
  creditsGrantedAt: Date | null;
  creditExpiresInDays: number;
  reviewReason: string | null;
}

/**
 * Reads what to say after the return from Stripe: the order of the session, or of the id, or else the tenant's newest one
 * decides, never the query's word alone. Null when there is nothing to say. Throws NOT_FOUND for an order that is
 * not the tenant's.
 */
export async function readCheckoutNotice(
  db: Db,
  tenantId: string,
  query: { checkout: string | null; sessionId: string | null; orderId: string | null },
): Promise<CheckoutNotice | null> {
  const { checkout, sessionId, orderId } = query;
  if (checkout !== "success" && checkout !== "cancel") return null;
  const named = checkout === "success" ? sessionId : orderId;
  if (named !== null && !/^[\x21-\x7e]{1,255}$/.test(named)) throw new DomainError("NOT_FOUND");
  const [order] = await db<ReturnedOrder[]>`
    select status, paid_at, credits_granted_at, credit_expires_in_days, review_reason, grant_license_30d,
      grant_license_365d, grant_device_slots
    from billing_order
    where tenant_id = ${tenantId}
      ${named === null ? db`` : checkout === "success" ? db`and stripe_checkout_session_id = ${named}` : db`and id = ${named}`}
    order by created_at desc, id desc
    limit 1`;
  if (!order) {
    if (named !== null) throw new DomainError("NOT_FOUND");
    return checkout === "cancel" ? { kind: "cancelled" } : null;
  }
  return noticeOf(order, checkout);
}

function noticeOf(order: ReturnedOrder, checkout: "success" | "cancel"): CheckoutNotice | null {
  if (order.creditsGrantedAt && order.paidAt) {
    // Since then refunded or disputed: "gutgeschrieben" would no longer be true.
    if (order.status !== "PAID") return null;
    const expiresAt = creditExpiry(order.paidAt, order.creditExpiresInDays);
    return { kind: "booked", credits: grantedCredits(order), expiresAt };
  }
  if (order.reviewReason) return { kind: "review" };
  if (order.status === "PROCESSING") return { kind: "processing" };
  if (checkout === "cancel") return { kind: "cancelled" };
  if (order.status === "FAILED") return { kind: "failed" };
  if (order.status === "EXPIRED") return { kind: "expired" };
  return { kind: "processing" };
}
