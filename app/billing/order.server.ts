import type { Db, Tx } from "~/db/transaction.server";
import type { PaidSession } from "~/stripe/session.server";
import type { Grants } from "./credit-types";
import { grantPurchase } from "./credits.server";
import { EventFault, mismatch } from "./event-faults";
import { isUnsettled, type OrderStatus } from "./order-status";

/** One attempt to buy one SKU. Price, grants and validity are the snapshot of the SKU at checkout. Amounts in cents. */
export interface Order extends Grants {
  id: string;
  number: string;
  tenantId: string;
  skuId: string;
  userId: string | null;
  status: OrderStatus;
  currency: string;
  amountCents: number;
  stripePriceId: string;
  creditExpiresInDays: number;
  checkoutAttempt: number;
  checkoutExpiresAt: Date;
  checkoutUrl: string | null;
  stripeCheckoutSessionId: string | null;
  stripePaymentIntentId: string | null;
  stripeChargeId: string | null;
  refundedCents: number;
  /** Taken by lost disputes. */
  lostCents: number;
  paidAt: Date | null;
  paidCents: number | null;
  disputeStatus: "open" | "won" | "lost" | null;
  /** When the reading of Stripe began that was applied last (refunds, disputes). */
  paymentReadAt: Date | null;
  creditsGrantedAt: Date | null;
  reviewReason: string | null;
}

/** What a Checkout session has come to, as its events tell it. */
export type SessionNews = "completed" | "async_payment_succeeded" | "async_payment_failed" | "expired";

/** Locks an order for the rest of the transaction. System work: the event names the order, the order names the tenant. */
export function lockOrder(tx: Tx, orderId: string): Promise<Order[]> {
  return tx<Order[]>`select * from billing_order where id = ${orderId} for update`;
}

/** What the news mean for an order. "nothing": it is already there, or news that can no longer change it. */
export type SessionStep = "fulfil" | "processing" | "fail" | "expire" | "nothing";

/**
 * Decides, without writing, what Stripe's news about its session mean for an order. Money wins: a paid session is
 * fulfilled whatever the order's state, once, and nothing takes a granted order back.
 * Throws a permanent `EventFault` when the session does not fit the order.
 */
export function decideStep(order: Order, news: SessionNews, session: PaidSession): SessionStep {
  checkSession(order, session);
  if (news === "completed" || news === "async_payment_succeeded") {
    if (isPaid(session)) return order.creditsGrantedAt ? "nothing" : "fulfil";
    if (news === "async_payment_succeeded") throw mismatch("PAYMENT_NOT_PROVEN", "paid", session.paymentStatus);
    // Only from PENDING, so that late news never reopens an order.
    return order.status === "PENDING" ? "processing" : "nothing";
  }
  if (!isUnsettled(order.status)) return "nothing";
  return news === "expired" ? "expire" : "fail";
}

/**
 * Writes a decided step; the order is locked since before the decision.
 * @param at Stripe's time of the news, which becomes the time of payment
 */
export async function takeStep(tx: Tx, order: Order, step: SessionStep, session: PaidSession, at: Date): Promise<void> {
  switch (step) {
    case "nothing":
      return;
    case "fulfil":
      return fulfil(tx, order, session, at);
    case "processing":
      return move(tx, order, session, "PROCESSING");
    case "fail":
      return move(tx, order, session, "FAILED");
    case "expire":
      return move(tx, order, session, "EXPIRED");
  }
}

/**
 * Ends orders that never got a session: the answer of Stripe was lost, so nobody was sent to pay. @returns how many. Should
 * such a session be paid all the same, money wins.
 */
export async function expireUnbound(sql: Db): Promise<number> {
  const expired = await sql`
    update billing_order set status = 'EXPIRED', updated_at = now()
    where status = 'PENDING' and stripe_checkout_session_id is null and checkout_expires_at < now()`;
  return expired.count;
}

/** Sets an order aside for a person. The first reason stays; paid credits are never touched by it. */
export async function putInReview(db: Db, order: Pick<Order, "id" | "tenantId">, reason: string): Promise<void> {
  await db`
    update billing_order set review_reason = coalesce(review_reason, ${reason}), updated_at = now()
    where id = ${order.id} and tenant_id = ${order.tenantId}`;
}

/** `credits_granted_at` is its own marker of the grant, whatever the status becomes later. */
async function fulfil(tx: Tx, order: Order, session: PaidSession, paidAt: Date): Promise<void> {
  await Promise.all([
    grantPurchase(tx, order, session.id, paidAt),
    tx`
      update billing_order
      set status = 'PAID', stripe_checkout_session_id = ${session.id}, stripe_payment_intent_id = ${session.paymentIntentId},
        paid_at = ${paidAt}, paid_cents = ${session.amountTotal}, credits_granted_at = now(), payment_failure = null,
        updated_at = now()
      where id = ${order.id} and tenant_id = ${order.tenantId}`,
  ]);
}

async function move(tx: Tx, order: Order, session: PaidSession, status: OrderStatus): Promise<void> {
  await tx`
    update billing_order
    set status = ${status}, stripe_checkout_session_id = ${session.id},
      stripe_payment_intent_id = coalesce(${session.paymentIntentId}, stripe_payment_intent_id), updated_at = now()
    where id = ${order.id} and tenant_id = ${order.tenantId}`;
}

/**
 * Paid, or nothing to pay because a discount took it all. Throws for a session that needs no payment for no visible reason,
 * and for a payment status that we do not know.
 */
function isPaid(session: PaidSession): boolean {
  if (session.paymentStatus === "paid") return true;
  if (session.paymentStatus === "unpaid") return false;
  const discounted = session.amountTotal === 0 && session.discount > 0;
  if (session.paymentStatus === "no_payment_required" && discounted) return true;
  throw mismatch("PAYMENT_NOT_PROVEN", "paid", session.paymentStatus);
}

/** The session must be this order's, in amount, currency, session, tenant and price. */
function checkSession(order: Order, session: PaidSession): void {
  if (session.tenantId !== order.tenantId) throw mismatch("TENANT_MISMATCH", order.tenantId, session.tenantId);
  if (order.stripeCheckoutSessionId !== null && session.id !== order.stripeCheckoutSessionId) {
    throw mismatch("SESSION_MISMATCH", order.stripeCheckoutSessionId, session.id);
  }
  if (session.clientReferenceId !== null && session.clientReferenceId !== order.id) {
    throw mismatch("SESSION_MISMATCH", order.id, session.clientReferenceId);
  }
  if (session.currency !== order.currency) throw mismatch("CURRENCY_MISMATCH", order.currency, session.currency);
  if (session.amountSubtotal !== order.amountCents) {
    throw mismatch("AMOUNT_MISMATCH", order.amountCents, session.amountSubtotal);
  }
  const explained = session.amountSubtotal - session.discount + session.shipping + session.tax;
  if (session.amountTotal !== explained) throw mismatch("AMOUNT_MISMATCH", explained, session.amountTotal);
  if (session.skuId !== null && session.skuId !== order.skuId) {
    throw mismatch("PRICE_MISMATCH", order.skuId, session.skuId);
  }
  const otherPrice = session.priceIds?.find((id) => id !== order.stripePriceId);
  if (otherPrice !== undefined) throw mismatch("PRICE_MISMATCH", order.stripePriceId, otherPrice);
}

/** The order is not there yet, though the session is ours: tried again, since the payment may be real. */
export function orderUnknown(orderId: string | null): EventFault {
  return new EventFault("ORDER_UNKNOWN", false, orderId ?? "no order named");
}
